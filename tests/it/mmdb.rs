//! Writes small region databases (the MaxMind DB format, version 2), so that no test needs anybody's data.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

/// In MaxMind's shape. This machine itself is in Texas, so that whoever is not believed is seen there.
pub fn maxmind() -> Vec<u8> {
    let state = |country: &str, state: &str| json!({ "country": { "iso_code": country }, "subdivisions": [{ "iso_code": state }] });
    let country =
        |country: &str| json!({ "country": { "iso_code": country }, "registered_country": { "iso_code": "US" } });
    write(
        "Test-City",
        &[
            ("127.0.0.0/8", state("US", "TX")),
            ("2a02:cf40::/29", country("NO")),
            ("89.160.20.0/24", country("SE")),
            ("81.2.69.0/24", country("GB")),
            ("2a02:cfc0::/29", country("FR")),
            ("214.78.120.0/22", state("US", "CA")),
            ("216.160.83.0/24", state("US", "WA")),
            ("24.48.0.0/20", state("CA", "QC")),
            ("24.52.0.0/20", state("CA", "ON")),
            ("2001:218::/32", country("JP")),
            ("1.40.0.0/16", country("AU")),
            ("50.114.0.0/22", country("US")),
            ("2a02:d500::/29", json!({ "registered_country": { "iso_code": "US" }, "continent": { "code": "EU" } })),
        ],
    )
}

/// The flat shape that DB-IP's data is also found in.
pub fn flat() -> Vec<u8> {
    let entry = |country: &str, state: &str| json!({ "country_code": country, "state1": state });
    write(
        "Test-Flat",
        &[
            ("127.0.0.0/8", json!({ "country_code": "SE" })),
            ("2a02:cf40::/29", json!({ "country_code": "NO" })),
            ("214.78.120.0/22", entry("US", "California")),
            ("216.160.83.0/24", entry("US", "US-WA")),
            ("24.48.0.0/20", entry("CA", "US-WA")),
        ],
    )
}

/// A record of the search tree.
#[derive(Clone, Copy)]
enum Record {
    Empty,
    Node(usize),
    /// Where its data begins in the data section.
    Data(usize),
}

/// A file of this type in which each network has its data.
pub fn write(kind: &str, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut tree = vec![[Record::Empty; 2]];
    let mut data = Vec::new();
    for (network, value) in networks {
        let network: IpNet = network.parse().expect("a network");
        let at = data.len();
        encode(value, &mut data);
        // IPv4 stands below ::/96.
        let (bits, length) = match network.network() {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), 96 + network.prefix_len()),
            IpAddr::V6(v6) => (v6.to_bits(), network.prefix_len()),
        };
        let bit = |i: u8| usize::from(bits >> (127 - i) & 1 == 1);
        let mut node = 0;
        for i in 0..length - 1 {
            node = if let Record::Node(next) = tree[node][bit(i)] {
                next
            } else {
                tree.push([Record::Empty; 2]);
                let next = tree.len() - 1;
                tree[node][bit(i)] = Record::Node(next);
                next
            };
        }
        tree[node][bit(length - 1)] = Record::Data(at);
    }
    let number = |record: Record| match record {
        Record::Empty => tree.len(),
        Record::Node(node) => node,
        Record::Data(at) => tree.len() + 16 + at,
    };
    let records = tree.iter().flatten().map(|record| u32::try_from(number(*record)).expect("a small file"));
    let mut file: Vec<u8> = records.flat_map(|number| number.to_be_bytes()[1..].to_vec()).collect();
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    // Each number in the width that the format wants: 5 is of two bytes, 6 of four, 9 of eight.
    let nodes = u32::try_from(tree.len()).expect("a small file").to_be_bytes();
    let built = 1_795_564_800_u64.to_be_bytes();
    let numbers: [(&str, usize, &[u8]); 6] = [
        ("binary_format_major_version", 5, &[0, 2]),
        ("binary_format_minor_version", 5, &[0, 0]),
        ("build_epoch", 9, &built),
        ("ip_version", 5, &[0, 6]),
        ("node_count", 6, &nodes),
        ("record_size", 5, &[0, 24]),
    ];
    let words = [
        ("database_type", json!(kind)),
        ("description", json!({ "en": "made by a test" })),
        ("languages", json!(["en"])),
    ];
    head(7, numbers.len() + words.len(), &mut file);
    for (key, kind, bytes) in numbers {
        encode(&json!(key), &mut file);
        head(kind, bytes.len(), &mut file);
        file.extend(bytes);
    }
    for (key, value) in words {
        encode(&json!(key), &mut file);
        encode(&value, &mut file);
    }
    file
}

/// What stands before a value: its type and size in a byte, or in two for the types above seven.
fn head(kind: usize, size: usize, out: &mut Vec<u8>) {
    assert!(size < 29, "longer sizes are written in another way");
    let bytes = if kind < 8 { vec![kind << 5 | size] } else { vec![size, kind - 7] };
    out.extend(bytes.into_iter().map(|byte| u8::try_from(byte).expect("a byte")));
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Array(list) => {
            head(11, list.len(), out);
            for item in list {
                encode(item, out);
            }
        }
        Value::Object(map) => {
            head(7, map.len(), out);
            for (key, item) in map {
                encode(&json!(key), out);
                encode(item, out);
            }
        }
        other => panic!("no test needs {other}"),
    }
}
