//! A report: a page has noticed that a known service was at work without a yes, so that its tag stands there unmarked. It says which
//! and how it was seen, and nothing about who saw it or where.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::service;

/// What a page sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// A kind of service, not one of the site's own: what nobody described is what is looked for.
    pub service: String,
    pub found: Found,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// Something was loaded from where the service is loaded from.
    Request,
    /// A cookie of its name is there.
    Cookie,
}

impl Found {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Cookie => "cookie",
        }
    }
}

impl NewReport {
    /// Only what is known is counted, so that nobody fills the metrics or the log with words of their own.
    pub fn check(&self) -> Result<()> {
        if service::is_kind(&self.service) {
            return Ok(());
        }
        let shown: String = self.service.chars().take(40).collect();
        Err(Error::invalid("service", format!("{shown:?} is no kind of service that is known here")))
    }
}
