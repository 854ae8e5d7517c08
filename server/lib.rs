//! Samtykke asks website visitors for consent, gates the page's tags by their answer and keeps the proof.
//!
//! Two layers: `http` over the domain. One consent from end to end:
//!
//! 1. [`http::consents::create`] reads the shape of what a page sent, its Origin and its rate;
//! 2. [`consent::Consent::new`] checks it against the notice that it answers, in memory;
//! 3. [`receipt::sign`] signs its canonical bytes with the key of [`keys`];
//! 4. [`append::Appender`] writes it: a bounded queue, one transaction for all that wait, one fsync;
//! 5. the receipt goes out, after COMMIT;
//! 6. about a second later it gets its leaf in the [`ledger`].
//!
//! Before that, a [`site_file`] was applied to make a [`site`]; its [`notice`] was published, and from it the script of
//! [`banner`], the texts of [`shown`] and the [`declaration`]. Where a visitor is, [`region`] finds; what the law makes of it stands in the table of
//! [`jurisdiction`]. A [`visitor`] sees their own history, and [`erasure`] forgets it; so does
//! [`retention`], in time, and [`sweep`] leaves no copy. A receipt is read elsewhere in the forms of [`export`].
//!
//! Later files make it another site, at once or [announced](announcement) beforehand: [`change`] knows how, and [`material`] when it matters.
//!
//! A [`person`] is somebody the site knows: what they said of being reached is an event of the same ledger, and what it allows is asked
//! for with a [`token`] that has the [`scope`], and within its [`limit`]. A [`client`] gets one by itself, and another [`issuer`] that is
//! named may make them too. What is done with one stands in the [`audit`] log before it is done, and is done [`once`], however often it is sent.
//!
//! What happened is told to the site's systems as an [`event`], in the [`feed`], and to whoever asked to be told by a [`webhook`].
//!
//! What they do themselves, they do by the link of a [letter](person::letter), which [`mail`] brings them where it can.
//!
//! How often the question is shown, in which [`variant`], and how it is answered, [`stats`] counts, and knows nobody.
//!
//! A choice goes as far as its [`cookie`] does, which is a [`domain`], and by a [`link`] to the site's others. Pages that name a script by
//! its hash find it among the [`scripts`]; those in [`report`] mode tell of tags that nobody holds back.

pub mod announcement;
pub mod append;
pub mod audit;
pub mod backup;
pub mod banner;
pub mod change;
pub mod choice;
pub mod client;
pub mod complaints;
pub mod config;
pub mod consent;
pub mod contact;
pub mod cookie;
pub mod day;
pub mod db;
pub mod declaration;
pub mod domain;
pub mod erasure;
pub mod error;
pub mod event;
pub mod every;
pub mod export;
pub mod feed;
pub mod gate;
pub mod hash;
pub mod health;
pub mod http;
pub mod insert;
pub mod issuer;
pub mod jurisdiction;
pub mod jwks;
pub mod keys;
pub mod ledger;
pub mod limit;
pub mod link;
pub mod lint;
pub mod list;
pub mod look;
pub mod mail;
pub mod material;
pub mod metrics;
pub mod notice;
pub mod once;
pub mod page;
pub mod person;
pub mod place;
pub mod preview;
pub mod public_url;
pub mod receipt;
pub mod record;
pub mod reference;
pub mod regime;
pub mod region;
pub mod report;
pub mod retention;
pub mod schema;
pub mod scope;
pub mod scripts;
pub mod serve;
pub mod service;
pub mod shown;
pub mod signal;
pub mod site;
pub mod site_file;
pub mod sites;
pub mod stats;
pub mod sweep;
pub mod texts;
pub mod token;
pub mod unknown_place;
pub mod variant;
pub mod visitor;
pub mod webhook;
pub mod whole;
pub mod words;

pub use http::app;
