//! What the browser said before anybody asked: Global Privacy Control and Do Not Track.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    Gpc,
    Dnt,
}

impl Signal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gpc => "gpc",
            Self::Dnt => "dnt",
        }
    }

    /// As records keep them.
    pub fn list(signals: &[Self]) -> String {
        signals.iter().map(|signal| signal.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Reads the values of `Sec-GPC` and `DNT`. Only an exact "1" counts, and one such among several does (GPC, section 3.1).
pub fn read<'a>(mut gpc: impl Iterator<Item = &'a [u8]>, mut dnt: impl Iterator<Item = &'a [u8]>) -> Vec<Signal> {
    let gpc = gpc.any(|value| value == b"1").then_some(Signal::Gpc);
    let dnt = dnt.any(|value| value == b"1").then_some(Signal::Dnt);
    gpc.into_iter().chain(dnt).collect()
}
