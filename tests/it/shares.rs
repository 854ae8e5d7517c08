//! What one client may ask of the API, and one address that has no token.

use samtykke::config::Serve;
use samtykke::scope::Scope;
use samtykke::token::{self, Grant};
use serde_json::{Value, json};

use crate::server::{Answer, Database, SITE, Server, settings};

const KARI: &str = "/v1/sites/shop/people/kari@example.no";

/// Runs it on both engines, under limits of its own.
fn on_each(limits: impl Fn(Serve) -> Serve, check: impl Fn(&Server)) {
    for database in [Database::sqlite(), Database::postgres()] {
        database.apply(SITE);
        check(&Server::with(database, limits(settings())));
    }
}

fn token_of(server: &Server, client: &str) -> String {
    let sites = ["shop".to_owned()];
    let grant = Grant { subject: client, client, scopes: &Scope::ALL, sites: &sites, seconds: 900 };
    token::issue(&server.keys(), &grant, samtykke::serve::now()).expect("a token").0
}

fn told(answer: &Answer) -> (&str, &str) {
    (answer.header("ratelimit-policy"), answer.header("ratelimit"))
}

/// Seconds to wait, which are those that the problem's headers say.
fn wait(answer: &Answer, whose: &str) -> u32 {
    let problem = answer.problem(429, "too-many");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(whose)), "{problem}");
    answer.header("retry-after").parse().expect("seconds")
}

#[test]
fn a_client_is_told_its_share_with_every_answer_and_refused_past_it() {
    on_each(
        |settings| Serve { api_rate_per_minute: 4, ..settings },
        |server| {
            let crm = token_of(server, "token:crm");
            let policy = r#""client";q=4;w=60"#;
            let get = |token: &str| server.call("GET", KARI, token, None);
            let unknown = get(&crm);
            unknown.problem(404, "unknown-person");
            assert_eq!(told(&unknown), (policy, r#""client";r=3;t=15"#));
            let yes = json!({ "channel": "email", "answer": "granted", "source": "kasse" });
            let written = server.call("POST", &format!("{KARI}/consents"), &crm, Some(&yes)).expect(201);
            assert_eq!(told(&written), (policy, r#""client";r=2;t=15"#));
            // Another token of the same client draws on the same share, and what is refused for another reason counts.
            let elsewhere = server.call("GET", "/v1/sites/shop/announcements", &token_of(server, "token:crm"), None);
            assert_eq!(told(&elsewhere.expect(200)), (policy, r#""client";r=1;t=15"#));
            let wrong = server.call("POST", &format!("{KARI}/consents"), &crm, Some(&json!({})));
            wrong.problem(400, "malformed");
            assert_eq!(told(&wrong), (policy, r#""client";r=0;t=15"#));
            let refused = get(&crm);
            let seconds = wait(&refused, "this client");
            assert!((3..=15).contains(&seconds), "the true time, and no constant: {seconds}");
            assert_eq!(told(&refused), (policy, format!(r#""client";r=0;t={seconds}"#).as_str()));
            assert_eq!(told(&get(&token_of(server, "token:erp")).expect(200)), (policy, r#""client";r=3;t=15"#));
            // Who is not asked who they are is told nothing.
            assert_eq!(told(&server.get("/v1/sites/shop/notices").expect(200)), ("", ""));
        },
    );
}

#[test]
fn a_lookup_costs_one_for_every_hundred_names_that_are_begun() {
    on_each(
        |settings| Serve { api_rate_per_minute: 10, ..settings },
        |server| {
            let look = |token: &str, n: usize| {
                let refs: Vec<String> = (0..n).map(|i| format!("k{i}")).collect();
                server.call("POST", "/v1/sites/shop/people/lookup", token, Some(&json!({ "refs": refs })))
            };
            let crm = token_of(server, "token:crm");
            for (names, left) in [(1, 9), (100, 8), (101, 6), (300, 3)] {
                let answer = look(&crm, names).expect(200);
                assert_eq!(answer.header("ratelimit"), format!(r#""client";r={left};t=6"#), "{names} names");
            }
            wait(&look(&crm, 400), "this client");
            assert_eq!(
                look(&token_of(server, "token:erp"), 1_000).expect(200).header("ratelimit"),
                r#""client";r=0;t=6"#
            );
            let never = look(&token_of(server, "token:ops"), 10_000).expect(200);
            assert_eq!(never.header("ratelimit"), r#""client";r=0;t=6"#, "nothing costs more than a whole share");
        },
    );
}

#[test]
fn whoever_has_no_token_that_holds_is_refused_and_keeps_nobody_out() {
    let limits = |settings| Serve {
        api_refused_per_minute: 5,
        trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
        ..settings
    };
    on_each(limits, |server| {
        let get = |address: &str, token: Option<&str>| {
            let bearer = format!("Bearer {}", token.unwrap_or_default());
            let mut headers = vec![("x-forwarded-for", address)];
            headers.extend(token.map(|_| ("authorization", bearer.as_str())));
            server.send("GET", KARI, &headers, None)
        };
        let crm = token_of(server, "token:crm");
        let revoked = token_of(server, "token:old");
        let claims = token::read(&server.keys(), &revoked, samtykke::serve::now()).expect("claims");
        token::revoke(&mut server.conn(), &claims, samtykke::serve::now()).expect("revoked");
        get("203.0.113.7", None).problem(401, "token");
        get("203.0.113.7", Some("x")).problem(401, "token");
        get("203.0.113.7", Some("eyJhbGciOiJub25lIn0.e30.")).problem(401, "token");
        for _ in 0..2 {
            get("203.0.113.7", Some(&revoked)).problem(401, "token");
        }
        for token in [None, Some("x"), Some(revoked.as_str())] {
            let seconds = wait(&get("203.0.113.7", token), "this address");
            assert!((3..=12).contains(&seconds), "{seconds}");
        }
        get("203.0.113.7", Some(&crm)).problem(404, "unknown-person");
        get("203.0.113.8", None).problem(401, "token");
    });
}

#[test]
fn the_shares_are_settings_with_defaults_and_stand_in_the_description() {
    use clap::Parser;
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: Serve,
    }
    let serve = Line::parse_from(["samtykke"]).serve;
    assert_eq!((serve.api_rate_per_minute, serve.api_refused_per_minute), (600, 30));
    let described = samtykke::http::openapi::document();
    for (path, verbs) in described["paths"].as_object().expect("paths") {
        for (verb, told) in verbs.as_object().expect("verbs") {
            let api = told["security"].as_array().into_iter().flatten().any(|way| way.get("token").is_some());
            let answers = told["responses"].as_object().expect("answers");
            let with =
                |status: &str| answers.get(status).is_some_and(|answer| answer["headers"]["RateLimit"].is_object());
            let good = answers.keys().find(|status| status.starts_with('2')).expect("a good answer");
            assert_eq!((with(good), with("429")), (api, api), "{verb} {path}");
            let told: &Value = &answers.get("429").cloned().unwrap_or_default();
            assert!(!api || told["headers"]["Retry-After"].is_object(), "{verb} {path}");
        }
    }
}
