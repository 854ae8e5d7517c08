//! Disks that fail on command: a small one that can be filled, and one that refuses to write or to keep what was written.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::samtykke;
use crate::server::{Database, root};

/// A file system in memory, of a size of its own.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    pub fn new(megabytes: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let size = format!("size={megabytes}m,mode=755");
        mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], folder.path());
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves no room.
    pub fn fill(&self) {
        let mut filler = File::options().append(true).create(true).open(self.path().join("filler")).expect("a file");
        for size in [1 << 20, 4096, 1] {
            while filler.write(&vec![0; size]).is_ok_and(|written| written > 0) {}
        }
    }

    /// Takes away what `fill` has put there.
    pub fn clear(&self) {
        fs::remove_file(self.path().join("filler")).expect("it was filled");
    }

    /// From here on nothing can be written; no file may be open for it.
    pub fn close(&self) {
        mount(&["-o", "remount,ro"], self.path());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what still has a file open there ends in a moment.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

fn mount(how: &[&str], folder: &Path) {
    let status = Command::new("mount").args(how).arg(folder).status().expect("mount");
    assert!(status.success(), "this test mounts a file system of its own, which takes root and the right to mount");
}

/// A folder whose writes fail while a test says so, for the one program that is started with it: see tests/failing-disk.c. A
/// real remount is refused while a file is open for writing, and a real disk does not break when it should.
pub struct FailingDisk {
    folder: TempDir,
}

impl FailingDisk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(folder.path().join("failing-disk.so"))
            .arg(root().join("tests/failing-disk.c"))
            .status();
        assert!(built.expect("a C compiler").success());
        fs::create_dir(folder.path().join("disk")).expect("a folder");
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// The command line of the program, with this disk under it.
    pub fn samtykke(&self, database: &Database) -> Command {
        let mut command = samtykke(database);
        command.env("LD_PRELOAD", self.folder.path().join("failing-disk.so")).env("DISK", self.path());
        command
    }

    /// `read-only` or `sync`: from now on it fails so.
    pub fn fail(&self, how: &str) {
        File::create(self.switch(how)).expect("a file");
    }

    pub fn mend(&self, how: &str) {
        fs::remove_file(self.switch(how)).expect("it failed before");
    }

    fn switch(&self, how: &str) -> PathBuf {
        self.folder.path().join(format!("disk.{how}"))
    }
}
