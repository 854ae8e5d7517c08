//! Requests as the bytes that are sent. Between two of them only the ids change, in place, before the clock of the wait starts.

use std::net::SocketAddr;

use samtykke::serve::now;
use uuid::Uuid;

use super::ids;
use super::server::{CONSENTS, ORIGIN, consent};

pub struct Request {
    /// The last that was sent.
    bytes: Vec<u8>,
    /// Those that are sent in turn, where there is more than one.
    others: Vec<Vec<u8>>,
    /// Where the id and the visitor of a consent stand.
    stamps: Option<(usize, usize)>,
    made: u64,
}

impl Request {
    /// A new visitor's answer each time, as the banner sends it.
    pub fn consent(address: SocketAddr) -> Self {
        let consent = consent();
        let body = consent.to_string();
        let length = body.len();
        let text = format!(
            "POST {CONSENTS} HTTP/1.1\r\nhost: {address}\r\norigin: {ORIGIN}\r\ncontent-type: text/plain;charset=UTF-8\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        let at = |field: &str| text.find(consent[field].as_str().expect("an id")).expect("it stands in the body");
        Self { stamps: Some((at("id"), at("visitor"))), ..Self::of(text) }
    }

    pub fn get(address: SocketAddr, path: &str) -> Self {
        let text = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept-encoding: br\r\n\r\n");
        Self::of(text)
    }

    /// One after the other, and again from the beginning, with a token.
    pub fn posts(address: SocketAddr, path: &str, token: &str, bodies: impl Iterator<Item = String>) -> Self {
        let texts = bodies.map(|body| {
            let length = body.len();
            format!(
                "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\n\r\n{body}"
            )
        });
        Self { others: texts.map(String::into_bytes).collect(), ..Self::of(String::new()) }
    }

    fn of(text: String) -> Self {
        Self { bytes: text.into_bytes(), others: Vec::new(), stamps: None, made: 0 }
    }

    pub fn next(&mut self) -> &[u8] {
        if let Some((id, visitor)) = self.stamps {
            let ms = now().unsigned_abs();
            self.made += 1;
            self.stamp(id, ids::id(ms, self.made));
            self.stamp(visitor, ids::visitor(ms, self.made));
        }
        if !self.others.is_empty() {
            self.made += 1;
            return &self.others[usize::try_from(self.made).unwrap_or(0) % self.others.len()];
        }
        &self.bytes
    }

    fn stamp(&mut self, at: usize, id: Uuid) {
        id.hyphenated().encode_lower(&mut self.bytes[at..]);
    }
}
