//! What every page loads, from memory: requests a second beside a bare server that answers the same bytes.
//! The two take turns, so that what the machine does meanwhile meets both.
#![allow(clippy::cast_precision_loss, reason = "counts, for printing")]

#[allow(dead_code, reason = "each bench needs a part of it")]
mod load;

use std::time::Duration;

use load::process::Process;
use load::request::Request;
use load::server::{Database, SITE};
use load::{CLIENTS, bare, clients, cores, verdict};

const TURNS: u32 = 2;

fn main() {
    if bare::asked() {
        return bare::serve();
    }
    let seconds = load::measured();
    println!("Reads: {CLIENTS} clients, {TURNS} turns of {seconds:?} each, {} cores", cores());
    println!("                 bytes        bare/s        ours/s    ratio  goal 0.8");
    let database = Database::sqlite();
    database.apply(SITE);
    let ours = Process::samtykke(&database, &[]);
    for (name, path) in [("banner.js", "/v1/sites/shop/banner.js"), ("notice", "/v1/sites/shop/notice?lang=nb")] {
        let (body, headers) = ours.get(path);
        assert_eq!(headers["content-encoding"], "br", "{path}");
        let content_type = headers["content-type"].to_str().expect("text");
        let bare = Process::bare(200, content_type, &body);
        let (mut bare_rate, mut our_rate) = (0.0, 0.0);
        for _ in 0..TURNS {
            bare_rate += rate(&bare, path, seconds) / f64::from(TURNS);
            our_rate += rate(&ours, path, seconds) / f64::from(TURNS);
        }
        let ratio = our_rate / bare_rate;
        let bytes = body.len();
        println!("{name:<14}{bytes:>8}{bare_rate:>14.0}{our_rate:>14.0}{ratio:>9.2}  {}", verdict(ratio >= 0.8));
    }
}

fn rate(process: &Process, path: &str, seconds: Duration) -> f64 {
    let outcome = clients::run(process, CLIENTS, seconds, &mut Request::get(process.address, path));
    outcome.expect(&[200]);
    outcome.per_second(200)
}
