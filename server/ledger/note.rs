//! Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint), and proofs that need nothing else (C2SP tlog-proof).

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tlog_tiles::Hash;

use crate::hash::{hex, sha256};
use crate::keys::Keys;
use crate::ledger::Head;
use crate::ledger::seal::entry;

/// The type of an Ed25519 key in a note.
const ED25519_TYPE: u8 = 0x01;

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// The signed note of a head: a line each for name, size and root, then a signature of every key that is kept.
/// Sign only what is committed: two that disagree would both be proof against this log.
pub fn sign(head: &Head, keys: &Keys) -> String {
    let body = format!("{}\n{}\n{}\n", head.origin, head.size, STANDARD.encode(&head.root));
    keys.all().iter().fold(format!("{body}\n"), |note, key| {
        let mut signature = key_id(&head.origin, &key.public).to_vec();
        signature.extend(key.sign(body.as_bytes()));
        format!("{note}— {} {}\n", head.origin, STANDARD.encode(signature))
    })
}

/// What verifiers are given of a public key: `<origin>+<key id>+<key>` (C2SP signed-note, "vkey").
pub fn verifier_key(origin: &str, public: &[u8]) -> String {
    let key = [&[ED25519_TYPE], public].concat();
    format!("{origin}+{}+{}", hex(&key_id(origin, public)), STANDARD.encode(key))
}

fn key_id(origin: &str, public: &[u8]) -> [u8; 4] {
    let hash = sha256(&[origin.as_bytes(), b"\n", &[ED25519_TYPE], public].concat());
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Reads a checkpoint that one of these public keys has signed. Errors are sentences.
pub fn verify<'a>(note: &str, keys: impl IntoIterator<Item = &'a [u8]>) -> Result<Checkpoint, String> {
    let (body, signatures) = note.split_once("\n\n").ok_or("a checkpoint has an empty line before its signatures")?;
    let body = format!("{body}\n");
    let checkpoint = parse(&body).ok_or("a checkpoint has three lines: name, size and root")?;
    let signatures: Vec<Vec<u8>> = signatures
        .lines()
        .filter_map(|line| line.strip_prefix("— ")?.strip_prefix(checkpoint.origin.as_str())?.strip_prefix(' '))
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .collect();
    let signed = keys.into_iter().any(|key| {
        let id = key_id(&checkpoint.origin, key);
        let mine = signatures.iter().filter_map(|signature| signature.strip_prefix(&id));
        mine.into_iter()
            .any(|signature| UnparsedPublicKey::new(&ED25519, key).verify(body.as_bytes(), signature).is_ok())
    });
    if signed { Ok(checkpoint) } else { Err("the checkpoint is signed by none of the keys".into()) }
}

fn parse(body: &str) -> Option<Checkpoint> {
    let mut lines = body.lines();
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let root = STANDARD.decode(root).ok()?.try_into().ok()?;
    let size = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
    Some(Checkpoint { origin: origin.to_owned(), size, root: Hash(root) }).filter(|_| !origin.is_empty())
}

/// A proof that a leaf is in the tree of a checkpoint, in one text (C2SP tlog-proof).
pub fn proof(leaf: u64, hashes: &[Hash], checkpoint: &str) -> String {
    let lines: String = hashes.iter().map(|hash| STANDARD.encode(hash.0) + "\n").collect();
    format!("c2sp.org/tlog-proof@v1\nindex {leaf}\n{lines}\n{checkpoint}")
}

/// Reads such a text: the leaf, the hashes and the checkpoint. Errors are sentences.
pub fn read_proof(text: &str) -> Result<(u64, Vec<Hash>, &str), String> {
    let rest = text
        .strip_prefix("c2sp.org/tlog-proof@v1\n")
        .ok_or("expected a proof that begins with c2sp.org/tlog-proof@v1")?;
    let (head, checkpoint) = rest.split_once("\n\n").ok_or("the proof has no checkpoint")?;
    let mut lines = head.lines().filter(|line| !line.starts_with("extra "));
    let leaf = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
    let hashes = lines.map(|line| Some(Hash(STANDARD.decode(line).ok()?.try_into().ok()?)));
    let hashes = hashes.collect::<Option<_>>().ok_or("the proof has a line that is no hash")?;
    Ok((leaf.ok_or("the proof does not say which leaf it is for")?, hashes, checkpoint))
}

/// Checks such a text for a record: that its leaf is in the tree, and that one of the keys has signed it. Errors are sentences.
pub fn check_proof<'a>(
    text: &str,
    record: &str,
    keys: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(u64, Checkpoint), String> {
    let (leaf, hashes, note) = read_proof(text)?;
    let checkpoint = verify(note, keys)?;
    let hash = tlog_tiles::record_hash(&entry(record));
    if leaf >= checkpoint.size {
        return Err(format!("there is no leaf {leaf} among {}", checkpoint.size));
    }
    tlog_tiles::check_record(&hashes, checkpoint.size, checkpoint.root, leaf, hash)
        .map_err(|_| format!("the record does not stand at leaf {leaf} of this ledger"))?;
    Ok((leaf, checkpoint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let root = sha256(b"x").to_vec();
        Head { origin: "example.no/consents".into(), size: 7, root, consents_to: 0, erasures_to: 0 }
    }

    #[test]
    fn a_checkpoint_is_read_back_and_only_with_its_key() {
        let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let (one, other) = (Keys::open(one.path()).expect("keys"), Keys::open(other.path()).expect("keys"));
        let note = sign(&head(), &one);
        let key = one.current().public.as_slice();
        let read = verify(&note, [other.current().public.as_slice(), key]).expect("signed");
        assert_eq!(read, Checkpoint { origin: head().origin, size: 7, root: head().root().expect("a root") });
        assert!(verify(&note, [other.current().public.as_slice()]).is_err());
        for wrong in
            [note.replace("\n7\n", "\n8\n"), note.replace("example.no", "example.se"), String::new(), "\n\n".into()]
        {
            assert!(verify(&wrong, [key]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rotated_key_signs_beside_the_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = Keys::open(folder.path()).expect("keys").current().public.clone();
        crate::keys::rotate(folder.path(), false).expect("rotated");
        let both = Keys::open(folder.path()).expect("keys");
        let note = sign(&head(), &both);
        assert!(verify(&note, [old.as_slice()]).is_ok());
        assert!(verify(&note, [both.current().public.as_slice()]).is_ok());
    }

    #[test]
    fn the_key_of_a_log_is_written_as_others_read_it() {
        // The key id of C2SP: the first four bytes of SHA-256(name, a line feed, the type, the key).
        let key = verifier_key("example.no/consents", &[7; 32]);
        let parts: Vec<&str> = key.splitn(3, '+').collect();
        assert_eq!(parts[0], "example.no/consents");
        assert_eq!(parts[1].len(), 8);
        assert_eq!(STANDARD.decode(parts[2]).expect("base64"), [&[1][..], &[7; 32]].concat());
    }

    #[test]
    fn a_proof_is_read_back() {
        let (text, hashes) = (sign_nothing(), vec![Hash([1; 32]), Hash([2; 32])]);
        let written = proof(5, &hashes, &text);
        assert_eq!(read_proof(&written).expect("a proof"), (5, hashes, text.as_str()));
        for wrong in ["", "c2sp.org/tlog-proof@v1\nindex x\n\n", "c2sp.org/tlog-proof@v1\nindex 5\n!\n\n"] {
            assert!(read_proof(wrong).is_err(), "{wrong}");
        }
    }

    fn sign_nothing() -> String {
        "example.no/consents\n7\nAAAA\n\n— x y\n".into()
    }
}
