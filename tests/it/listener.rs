//! Whoever is told by webhooks: a small HTTP server on 127.0.0.1 that keeps what is posted to it, and answers as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use standardwebhooks::Webhook;
use ureq::http::HeaderMap;

/// What was posted.
#[derive(Clone, Debug)]
pub struct Got {
    pub headers: HeaderMap,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }

    /// Whether somebody else's code takes the signature, made within the last five minutes.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        Webhook::new(secret).expect("a secret").verify(self.body.as_bytes(), &self.headers).is_ok()
    }
}

type Reply = dyn Fn(&Got) -> String + Send + Sync;

pub struct Listener {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Answers 204.
    pub fn start() -> Self {
        Self::answering(|_| "204 No Content".into())
    }

    /// The answer is a status with its reason, and header lines after it.
    pub fn answering(reply: impl Fn(&Got) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (got, connections) = (Arc::<Mutex<Vec<Got>>>::default(), Arc::<Mutex<Vec<TcpStream>>>::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let reply: Arc<Reply> = Arc::new(reply);
        let thread = {
            let (got, connections, stopping) = (Arc::clone(&got), Arc::clone(&connections), Arc::clone(&stopping));
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    connections.lock().expect("a list").extend(stream.try_clone());
                    let (got, reply) = (Arc::clone(&got), Arc::clone(&reply));
                    std::thread::spawn(move || while one(&stream, &got, &*reply).is_some() {});
                }
            })
        };
        Self { url, got, connections, stopping, thread: Some(thread) }
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("a list").clone()
    }

    /// How many connections there were, whatever came over them.
    pub fn connections(&self) -> usize {
        self.connections.lock().expect("a list").len()
    }

    /// All that was posted, once it is so much.
    pub fn wait(&self, n: usize) -> Vec<Got> {
        eventually(&format!("{n} are posted"), || self.got().len() >= n);
        self.got()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let place = self.url.trim_start_matches("http://").trim_end_matches("/hook");
        let _ = TcpStream::connect(place);
        for connection in self.connections.lock().expect("a list").drain(..) {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
        self.thread.take().expect("a thread").join().expect("no panic");
    }
}

/// Reads a request and answers it; nothing at the end.
fn one(stream: &TcpStream, got: &Mutex<Vec<Got>>, reply: &Reply) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    assert_eq!(line, "POST /hook HTTP/1.1\r\n");
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        let name = name.parse::<ureq::http::HeaderName>().expect("a name");
        headers.insert(name, value.parse().expect("a value"));
    }
    let length = headers["content-length"].to_str().expect("text").parse().expect("a number");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let posted = Got { headers, body: String::from_utf8(body).expect("UTF-8") };
    got.lock().expect("a list").push(posted.clone());
    let answer = reply(&posted);
    let mut stream = stream;
    let length = if answer.starts_with("204") { "" } else { "content-length: 0\r\n" };
    stream.write_all(format!("HTTP/1.1 {answer}\r\n{length}\r\n").as_bytes()).ok()
}

pub fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !check() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
