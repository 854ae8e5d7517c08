//! Tokens of other issuers: what they open, and every way in which they open nothing.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::program::{run, samtykke};
use crate::server::{Answer, Database, SITE, Server, changed, settings};

const PERSON: &str = "/v1/sites/shop/people/k1";
const ISSUER: &str = "https://login.example.no/";

/// A key of an issuer: what signs, and what it publishes.
struct Key {
    algorithm: Algorithm,
    kid: &'static str,
    signs: EncodingKey,
    public: Value,
}

fn key(algorithm: Algorithm, kid: &'static str) -> Key {
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let signs = match algorithm {
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::generate().expect("a key");
            EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("PKCS #8").as_ref())
        }
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).expect("a key");
            EncodingKey::from_ec_der(pair.as_ref())
        }
        _ => {
            let pair = RsaPair::generate(KeySize::Rsa2048).expect("a key");
            let der: Pkcs8V1Der = pair.as_der().expect("PKCS #8");
            // What is inside of the PKCS #8 of a key of this size.
            EncodingKey::from_rsa_der(&der.as_ref()[26..])
        }
    };
    let mut public = json!(Jwk::from_encoding_key(&signs, algorithm).expect("a JWK"));
    public["kid"] = json!(kid);
    public["use"] = json!("sig");
    Key { algorithm, kid, signs, public }
}

fn set(keys: &[&Key]) -> String {
    json!({ "keys": keys.iter().map(|key| &key.public).collect::<Vec<_>>() }).to_string()
}

fn claims() -> Value {
    let now = samtykke::serve::now() / 1000;
    json!({ "iss": ISSUER, "aud": ["other", "https://consent.example.no"], "sub": "crm", "scope": "openid people:read erase",
        "iat": now, "exp": now + 300 })
}

fn signed(key: &Key, claims: &Value) -> String {
    let header = Header { kid: Some(key.kid.into()), ..Header::new(key.algorithm) };
    encode(&header, claims, &key.signs).expect("a token")
}

/// A file of issuers with one, whose keys are there, and which may have less than it says.
fn file(database: &Database, jwks: &str, more: &str) -> std::path::PathBuf {
    let path = database.folder.path().join("issuers.toml");
    let text = format!(
        "[[issuers]]\nname = \"idp\"\nissuer = \"{ISSUER}\"\njwks = \"{jwks}\"\naudience = \"https://consent.example.no\"\n\
         algorithms = [\"EdDSA\", \"ES256\", \"RS256\"]\nsites = [\"shop\"]\nscopes = [\"people:read\", \"people:write\"]\n{more}"
    );
    std::fs::write(&path, text).expect("a file");
    path
}

fn serve(database: Database, jwks: &str, more: &str, clock: fn() -> i64) -> Server {
    database.apply(SITE);
    database.apply(&SITE.replace("\"shop\"", "\"other\""));
    let issuers = Some(file(&database, jwks, more));
    Server::with_clock(database, samtykke::config::Serve { issuers, ..settings() }, clock)
}

/// A server with these keys in a file beside that of the issuers, on each database.
fn on_each(keys: &[&Key], more: &str, check: impl Fn(&Server)) {
    for database in [Database::sqlite(), Database::postgres()] {
        std::fs::write(database.folder.path().join("jwks.json"), set(keys)).expect("a file");
        check(&serve(database, "jwks.json", more, samtykke::serve::now));
    }
}

fn get(server: &Server, token: &str) -> Answer {
    server.call("GET", PERSON, token, None)
}

#[test]
fn a_token_of_an_issuer_that_is_named_opens_what_both_allow() {
    let keys = [key(Algorithm::EdDSA, "a"), key(Algorithm::ES256, "b"), key(Algorithm::RS256, "c")];
    on_each(&keys.each_ref(), "", |server| {
        for key in &keys {
            get(server, &signed(key, &claims())).problem(404, "unknown-person");
        }
        let with = |field: &str, value: Value| signed(&keys[0], &changed(&claims(), field, value));
        // A scope that its entry does not have, one that it does not say, and one of a list.
        server.call("DELETE", PERSON, &with("x", json!(1)), None).problem(403, "insufficient-scope");
        let yes = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
        let write = |token: &str| server.call("POST", &format!("{PERSON}/consents"), token, Some(&yes));
        write(&with("x", json!(1))).problem(403, "insufficient-scope");
        get(server, &with("scope", json!(null))).problem(403, "insufficient-scope");
        let written = write(&with("scope", json!(["people:write"]))).expect(201).json();
        assert_eq!(written["receipt"]["record"]["details"]["actor"], "idp:crm");
        // Sites that its entry does not have, and fewer than it has.
        let other = |token: &str| server.call("GET", "/v1/sites/other/people/k1", token, None);
        for sites in [json!(null), json!(["other", "shop"]), json!(["*"]), json!("*")] {
            other(&with("sites", sites.clone())).problem(403, "wrong-site");
            get(server, &with("sites", sites)).expect(200);
        }
        get(server, &with("sites", json!(["other"]))).problem(403, "wrong-site");
        get(server, &with("sites", json!([]))).problem(403, "wrong-site");
        for odd in [json!(7), json!([7]), json!({ "shop": true })] {
            get(server, &with("sites", odd.clone())).problem(401, "token");
            get(server, &with("scope", odd)).problem(401, "token");
        }
        // Our own still open what they did.
        get(server, &server.token("people:read")).expect(200);
    });
}

#[test]
fn a_token_that_is_not_wholly_right_opens_nothing() {
    let (own, unknown, same_name) =
        (key(Algorithm::EdDSA, "a"), key(Algorithm::EdDSA, "b"), key(Algorithm::EdDSA, "a"));
    on_each(&[&own], "", |server| {
        let now = samtykke::serve::now() / 1000;
        get(server, &signed(&own, &claims())).problem(404, "unknown-person");
        get(server, &signed(&unknown, &claims())).problem(401, "token");
        get(server, &signed(&same_name, &claims())).problem(401, "token");
        for (field, value) in [
            ("iss", json!("https://elsewhere.example/")),
            ("iss", json!("samtykke")),
            ("iss", json!(null)),
            ("aud", json!("https://elsewhere.example")),
            ("aud", json!(null)),
            ("exp", json!(now - 1)),
            ("exp", json!(null)),
            ("exp", json!("never")),
            ("nbf", json!(now + 600)),
            ("iat", json!(now + 600)),
            ("sub", json!(null)),
            ("sub", json!("kari@example.no")),
            ("sub", json!("x".repeat(61))),
            ("sub", json!("a:b")),
        ] {
            let answer = get(server, &signed(&own, &changed(&claims(), field, value.clone())));
            answer.problem(401, "token");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#, "{field} {value}");
        }
        // Who has no plain name has the one of their client.
        let named = changed(&changed(&claims(), "sub", json!("crm@clients")), "client_id", json!("crm"));
        get(server, &signed(&own, &named)).problem(404, "unknown-person");
        // Whatever else this key signs is no access token.
        for typ in ["receipt+jwt", "logout+jwt", "dpop+jwt"] {
            let header = Header { kid: Some("a".into()), typ: Some(typ.into()), ..Header::new(Algorithm::EdDSA) };
            get(server, &encode(&header, &claims(), &own.signs).expect("a token")).problem(401, "token");
        }
        let nameless = encode(&Header::new(Algorithm::EdDSA), &claims(), &own.signs).expect("a token");
        get(server, &nameless).problem(401, "token");
        // Our own key does not sign for them, nor theirs for us.
        let ours = server.keys();
        let kid = Some(ours.current().kid.clone());
        let header = Header { kid: kid.clone(), typ: Some("at+jwt".into()), ..Header::new(Algorithm::EdDSA) };
        get(server, &encode(&header, &claims(), ours.current().encoding()).expect("a token")).problem(401, "token");
        let as_ours = json!({ "iss": "samtykke", "aud": "samtykke", "sub": "x", "client_id": "token:x", "scope": "people:read",
            "sites": ["shop"], "iat": now, "exp": now + 900, "jti": uuid::Uuid::now_v7() });
        get(server, &encode(&header, &as_ours, &own.signs).expect("a token")).problem(401, "token");
    });
}

#[test]
fn no_token_chooses_how_it_is_checked() {
    let (ed, rsa) = (key(Algorithm::EdDSA, "a"), key(Algorithm::RS256, "b"));
    let mut shared =
        json!({ "kty": "oct", "kid": "c", "k": URL_SAFE_NO_PAD.encode(b"a secret of many bytes, known to both") });
    shared["alg"] = json!("HS256");
    let shared = Key { algorithm: Algorithm::HS256, kid: "c", signs: EncodingKey::from_secret(b""), public: shared };
    on_each(&[&ed, &rsa, &shared], "", |server| {
        get(server, &signed(&rsa, &claims())).problem(404, "unknown-person");
        let forged = |kid: &str, secret: &[u8]| {
            let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::HS256) };
            encode(&header, &claims(), &EncodingKey::from_secret(secret)).expect("a token")
        };
        // The public key as the secret, in every shape in which somebody may have it.
        for (key, part) in [(&ed, "x"), (&rsa, "n")] {
            let text = key.public[part].as_str().expect("text");
            let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64url");
            for secret in [text.as_bytes(), &bytes, key.public.to_string().as_bytes()] {
                get(server, &forged(key.kid, secret)).problem(401, "token");
            }
        }
        get(server, &forged("c", b"a secret of many bytes, known to both")).problem(401, "token");
        // Another algorithm than that of the key, by which it was really signed.
        let header = Header { kid: Some("b".into()), ..Header::new(Algorithm::RS512) };
        get(server, &encode(&header, &claims(), &rsa.signs).expect("a token")).problem(401, "token");
        let header = Header { kid: Some("b".into()), ..Header::new(Algorithm::EdDSA) };
        get(server, &encode(&header, &claims(), &ed.signs).expect("a token")).problem(401, "token");
        // And none at all.
        let coded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        for alg in ["none", "None", "NONE", ""] {
            let bare = format!("{}.{}.", coded(&json!({ "alg": alg, "kid": "a" })), coded(&claims()));
            get(server, &bare).problem(401, "token");
            get(server, &format!("{bare}AAAA")).problem(401, "token");
        }
    });
}

#[test]
fn the_key_of_one_issuer_signs_for_no_other() {
    let (own, others) = (key(Algorithm::EdDSA, "a"), key(Algorithm::EdDSA, "b"));
    let more = "[[issuers]]\nname = \"partner\"\nissuer = \"https://partner.example/\"\njwks = \"partner.json\"\n\
        audience = \"https://consent.example.no\"\nalgorithms = [\"EdDSA\"]\nscope_claim = \"roles\"\nsites = [\"*\"]\nscopes = [\"stats\", \"people:read\"]\n";
    for database in [Database::sqlite(), Database::postgres()] {
        std::fs::write(database.folder.path().join("jwks.json"), set(&[&own])).expect("a file");
        std::fs::write(database.folder.path().join("partner.json"), set(&[&others])).expect("a file");
        let server = serve(database, "jwks.json", more, samtykke::serve::now);
        let partner = changed(&claims(), "iss", json!("https://partner.example/"));
        let partner = changed(&partner, "roles", json!(["people:read"]));
        get(&server, &signed(&own, &claims())).problem(404, "unknown-person");
        get(&server, &signed(&others, &partner)).problem(404, "unknown-person");
        get(&server, &signed(&others, &changed(&partner, "roles", json!(null)))).problem(403, "insufficient-scope");
        get(&server, &signed(&others, &claims())).problem(401, "token");
        get(&server, &signed(&own, &partner)).problem(401, "token");
        let one = signed(&others, &changed(&partner, "sites", json!(["other"])));
        get(&server, &one).problem(403, "wrong-site");
        server.call("GET", "/v1/sites/other/people/k1", &one, None).problem(404, "unknown-person");
    }
}

/// A place that gives keys out, or nothing, and counts how often it was asked. It ends when dropped.
struct Place {
    address: String,
    keys: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Place {
    fn open(keys: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (keys, asked, over) =
            (Arc::new(Mutex::new(keys)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (own, count, end) = (Arc::clone(&keys), Arc::clone(&asked), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.expect("a connection");
                let _ = stream.read(&mut [0; 4096]);
                count.fetch_add(1, Ordering::SeqCst);
                let body = own.lock().expect("no panic").clone();
                let (status, body) = body.map_or(("503 Service Unavailable", String::new()), |body| ("200 OK", body));
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { address, keys, asked, over, thread: Some(thread) }
    }

    fn gives(&self, keys: Option<String>) {
        *self.keys.lock().expect("no panic") = keys;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(&self.address));
        let _ = self.thread.take().expect("a thread").join();
    }
}

#[test]
fn keys_are_read_beforehand_and_count_for_a_day_without_their_issuer() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    const MINUTE: i64 = 60_000;
    fn clock() -> i64 {
        samtykke::serve::now() + AHEAD.load(Ordering::SeqCst)
    }
    let (first, second) = (key(Algorithm::EdDSA, "a"), key(Algorithm::EdDSA, "b"));
    let place = Place::open(Some(set(&[&first])));
    let server = serve(Database::sqlite(), &format!("http://{}/jwks.json", place.address), "", clock);
    let token = |key: &Key| {
        let now = clock() / 1000;
        signed(key, &changed(&changed(&claims(), "iat", json!(now)), "exp", json!(now + 300)))
    };
    let status = |key: &Key| get(&server, &token(key)).status.as_u16();
    crate::clients::until(404, || status(&first));
    assert_eq!(place.asked(), 1);

    // A key that is new is looked for once a minute, however often it is asked for, and meanwhile denied.
    place.gives(Some(set(&[&first, &second])));
    for _ in 0..20 {
        assert_eq!(status(&second), 401);
    }
    assert_eq!(place.asked(), 1);
    AHEAD.fetch_add(MINUTE, Ordering::SeqCst);
    crate::clients::until(404, || status(&second));
    assert_eq!(place.asked(), 2);

    // One that is given back opens nothing once that was read.
    place.gives(Some(set(&[&second])));
    AHEAD.fetch_add(10 * MINUTE, Ordering::SeqCst);
    crate::clients::until(401, || status(&first));
    assert_eq!(status(&second), 404);

    // What nobody can read, or holds no key, changes nothing, for a day.
    let before = place.asked();
    place.gives(Some(r#"{"keys":[]}"#.into()));
    AHEAD.fetch_add(10 * MINUTE, Ordering::SeqCst);
    crate::clients::until(true, || place.asked() > before);
    place.gives(None);
    AHEAD.fetch_add(23 * 60 * MINUTE, Ordering::SeqCst);
    assert_eq!(status(&second), 404);
    AHEAD.fetch_add(60 * MINUTE, Ordering::SeqCst);
    let refused = get(&server, &token(&second)).problem(401, "token");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("not known at the moment")), "{refused}");
    place.gives(Some(set(&[&second])));
    AHEAD.fetch_add(MINUTE, Ordering::SeqCst);
    crate::clients::until(404, || status(&second));
}

#[test]
fn a_file_of_issuers_that_is_wrong_ends_the_start() {
    let database = Database::sqlite();
    std::fs::write(database.folder.path().join("jwks.json"), set(&[&key(Algorithm::EdDSA, "a")])).expect("a file");
    std::fs::write(database.folder.path().join("none.json"), r#"{"keys":[]}"#).expect("a file");
    let path = file(&database, "jwks.json", "");
    let good = std::fs::read_to_string(&path).expect("the file");
    let refused = |from: &str, to: &str, told: &str| {
        assert!(good.contains(from), "{from}");
        std::fs::write(&path, good.replace(from, to)).expect("a file");
        let words = ["serve", "--listen", "127.0.0.1:0", "--issuers"];
        let (well, _, wrong) = run(samtykke(&database).args(words).arg(&path));
        assert!(!well && wrong.contains(told), "{to}: {wrong}");
    };
    refused("\"EdDSA\"", "\"HS256\"", "and not \"HS256\"");
    refused("\"EdDSA\"", "\"none\"", "and not \"none\"");
    refused("[\"EdDSA\", \"ES256\", \"RS256\"]", "[]", "none of them is empty");
    refused("jwks.json", "missing.json", "missing.json");
    refused("jwks.json", "none.json", "there is no key in it");
    refused("jwks.json", "http://login.example.no/jwks", "expected a file, or https://");
    refused("jwks.json", "http://127.0.0.1@login.example.no/jwks", "expected a file, or https://");
    refused("jwks.json", "ftp://login.example.no/jwks", "expected a file, or https://");
    refused("\"idp\"", "\"client\"", "neither token nor client");
    refused("\"idp\"", "\"a:b\"", "neither token nor client");
    refused(ISSUER, "samtykke", "not this service");
    refused("people:write", "everything", "is no scope");
    refused("sites =", "site =", "unknown field");
    refused("[[issuers]]", "[[issuer]]", "issuer");
}

#[test]
fn the_example_of_a_file_is_one() {
    let example = crate::server::root().join("deploy/issuers.toml");
    assert!(samtykke::issuer::Issuers::load(&example, 0).is_ok());
}
