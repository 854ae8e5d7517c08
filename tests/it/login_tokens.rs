//! Tokens by which the site's own systems say that somebody is logged in, and the keys in the site file that show whose they are.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::logins::{ALL, KARI, LOGINS, answer, on_each, post, refused, said, together};
use crate::server::{ORIGIN, changed};

/// A key of the site's own systems, and its public half as the site file has it.
pub struct Key {
    signs: EncodingKey,
    public: String,
}

impl Key {
    fn make() -> Self {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let public: PublicKeyX509Der = pair.public_key().as_der().expect("a public key");
        let signs = EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("PKCS #8").as_ref());
        Self { signs, public: STANDARD.encode(public.as_ref()) }
    }

    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.signs).expect("a token")
    }
}

pub static KEY: LazyLock<Key> = LazyLock::new(Key::make);

/// The line of the site file.
pub fn keys() -> String {
    format!("login_keys = [\"{}\"]", KEY.public)
}

pub fn claims(named: &str, now: i64) -> Value {
    json!({ "aud": "samtykke:shop", "sub": named, "iat": now / 1000, "exp": now / 1000 + 120 })
}

/// That somebody is logged in, as the site's own systems say it. `now` is unix ms.
pub fn token(named: &str, now: i64) -> String {
    KEY.sign(&Header::new(Algorithm::EdDSA), &claims(named, now))
}

#[test]
fn a_token_is_believed_that_the_sites_own_systems_signed_for_this_and_no_other() {
    on_each(|server| {
        let now = samtykke::serve::now();
        let good = claims(KARI, now);
        let signed = |header: &Header, claims: &Value| KEY.sign(header, claims);
        let plain = Header::new(Algorithm::EdDSA);
        let send = |token: &str| post(server, LOGINS, ORIGIN, &json!({ "token": token }));
        send(&signed(&plain, &good)).expect(200);
        send(&signed(&Header { typ: None, kid: Some("2027".into()), ..plain.clone() }, &good)).expect(200);

        // Who signed, and how.
        let none = "none of the site's login_keys signed it";
        let text = signed(&plain, &good);
        let (head, rest) = text.split_once('.').expect("a token");
        let (body, signature) = rest.split_once('.').expect("a token");
        let other = signed(&plain, &changed(&good, "sub", json!("ola@example.no")));
        let others = other.split('.').nth(1).expect("claims");
        refused(&send(&Key::make().sign(&plain, &good)), none);
        refused(&send(&format!("{head}.{others}.{signature}")), none);
        refused(&send(&format!("{head}.{body}.")), none);
        let damaged = "cannot be read, or is signed otherwise than by EdDSA";
        let by_secret = |secret: &[u8]| {
            let key = EncodingKey::from_secret(secret);
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &good, &key).expect("a token")
        };
        let public = STANDARD.decode(&KEY.public).expect("base64");
        for secret in [&public[..], &public[12..], KEY.public.as_bytes()] {
            refused(&send(&by_secret(secret)), damaged);
        }
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        for wrong in ["", "x", "💥", "..", &text[1..], head, &format!("{unsigned}.{body}."), &format!("{text}.x")] {
            refused(&send(wrong), damaged);
        }
        let critical = Header { crit: Some(vec!["b64".into()]), ..plain.clone() };
        refused(&send(&signed(&critical, &good)), damaged);
        // What the service itself signs, or gave a page, is none.
        refused(&send(&server.token(ALL)), none);
        let page = send(&text).expect(200).json();
        refused(&send(page["session"].as_str().expect("text")), damaged);

        // What it says.
        let with = |field: &str, value: Value| send(&signed(&plain, &changed(&good, field, value)));
        for aud in [json!("samtykke:other"), json!("samtykke"), json!("shop"), json!(["x", "samtykke:"])] {
            refused(&with("aud", aud), "its aud");
        }
        with("aud", json!(["https://www.example.no", "samtykke:shop"])).expect(200);
        let lacks = "does not say sub, aud, iat and exp";
        for field in ["sub", "aud", "iat", "exp"] {
            let mut without = good.clone();
            without.as_object_mut().expect("claims").remove(field);
            refused(&send(&signed(&plain, &without)), lacks);
        }
        for (field, value) in
            [("exp", json!("x")), ("exp", json!(1.5)), ("iat", json!(null)), ("sub", json!(7)), ("entered", json!(1))]
        {
            refused(&with(field, value), lacks);
        }
        let seconds = now / 1000;
        refused(&with("exp", json!(seconds + 301)), "more than five minutes");
        with("exp", json!(seconds + 300)).expect(200);
        refused(&with("exp", json!(i64::MAX)), "more than five minutes");
        refused(&with("exp", json!(seconds - 1)), "it has ended");
        refused(&with("iat", json!(seconds + 3600)), "does not hold yet");
        refused(&with("iat", json!(i64::MIN)), "more than five minutes");
        for sub in ["", "a b", "~x", "a/b", "@"] {
            refused(&with("sub", json!(sub)), "cannot be the name");
        }
    });
}

#[test]
fn keys_change_while_pages_are_open() {
    on_each(|server| {
        let (old, new) = (&*KEY, Key::make());
        let send = |key: &Key| {
            let token = key.sign(&Header::new(Algorithm::EdDSA), &claims(KARI, samtykke::serve::now()));
            post(server, LOGINS, ORIGIN, &json!({ "token": token }))
        };
        refused(&send(&new), "none of");
        let page = send(old).expect(200).json();
        let with = |line: &str| together().replace(&keys(), line);
        server.database.apply(&with(&format!("login_keys = [\"{}\", \"{}\"]", old.public, new.public)));
        crate::clients::until(true, || send(&new).status == 200);
        send(old).expect(200);
        server.database.apply(&with(&format!("login_keys = [\"{}\"]", new.public)));
        crate::clients::until(true, || send(old).status == 403);
        send(&new).expect(200);
        // What a page was given for the old one is the service's own.
        answer(server, &said(&page, "granted", "denied")).expect(201);
    });
}

#[test]
fn a_key_is_told_by_its_field() {
    let wrong = |line: &str| {
        let file = together().replace(&keys(), &format!("login_keys = {line}"));
        samtykke::site_file::parse(&file).err().expect("a key that is none")
    };
    let pem = format!("-----BEGIN PUBLIC KEY-----\\n{}\\n-----END PUBLIC KEY-----", KEY.public);
    let secret = &KEY.public[..40];
    // A key of another kind (X25519) of the same length.
    let other = STANDARD.decode(&KEY.public).expect("base64");
    let other = STANDARD.encode([&other[..8], &[0x6e], &other[9..]].concat());
    for line in ["[\"\"]", "[\"x\"]", &format!("[\"{pem}\"]"), &format!("[\"{secret}\"]"), &format!("[\"{other}\"]")] {
        let told = format!("{:?}", wrong(line));
        assert!(told.contains("login_keys") && told.contains("Ed25519"), "{told}");
    }
}
