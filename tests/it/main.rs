//! One binary for all tests of the service: in-process over TCP, and as a process. Whatever touches the database runs on both.

mod clients;
mod cluster;
mod commands;
mod consents;
mod cookies;
mod disk;
mod disks;
mod faults;
mod forgetting;
mod independent;
mod ledger;
mod loads;
mod outages;
mod process;
mod program;
mod receipts;
mod reports;
mod scripts;
mod server;
mod sites;
mod starts;
mod storage;
mod tampering;
mod tidy;
mod visitors;
mod wire;
