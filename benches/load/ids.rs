//! Ids in any number without asking the system for randomness: each number makes another one, the same every time.

use uuid::{Builder, Uuid};

/// The id of a consent (UUID version 7): ordered by `ms`.
pub fn id(ms: u64, n: u64) -> Uuid {
    let bytes = scattered(n).to_be_bytes();
    Builder::from_unix_timestamp_millis(ms, bytes[..10].try_into().expect("ten bytes")).into_uuid()
}

/// The id of a visitor, made like the gate makes it: another than the consent's of the same number.
pub fn visitor(ms: u64, n: u64) -> Uuid {
    id(ms, !n)
}

/// 128 bits that look like chance.
pub fn scattered(n: u64) -> u128 {
    u128::from(split_mix(n)) << 64 | u128::from(split_mix(n ^ 0x5555_5555_5555_5555))
}

/// The output function of SplitMix64, one to one (Steele, Lea and Flood, 2014).
fn split_mix(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
