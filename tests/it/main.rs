//! One binary for all tests of the service: in-process over TCP, and as a process. Whatever touches the database runs on both.

mod consents;
mod forgetting;
mod ledger;
mod loads;
mod process;
mod receipts;
mod server;
mod sites;
mod storage;
mod tampering;
mod tidy;
mod visitors;
mod wire;
