//! `rpclient acquire`, `renew`, `extend`, `release` and `cancel`: leases in a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use respo::wire::ResourceState;
use serde_json::Value;
use tempfile::TempDir;
use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, Finished, Program, eventually};

/// A folder with a lease file.
struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("lease.json")
    }

    fn document(&self) -> Value {
        serde_json::from_slice(&fs::read(self.file()).unwrap()).unwrap()
    }

    /// `rpclient` with this file.
    fn program(&self, daemon: &Daemon, arguments: &[&str]) -> Program {
        Program::rpclient(daemon).args(arguments).arg("--file").arg(self.file())
    }

    async fn rpclient(&self, daemon: &Daemon, arguments: &[&str]) -> Finished {
        self.program(daemon, arguments).finish().await
    }
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_lease_is_kept_in_a_file_for_its_owner_only_until_it_is_released() {
    let daemon = Daemon::start(LAB).await;
    let folder = Folder::new();
    let arguments = ["acquire", "bench-1", "bench-2", "--ttl", "10m", "--name", "ci"];
    let end = folder.rpclient(&daemon, &arguments).await.expect_code(0);
    assert_eq!(end.stdout, "bench-1\nbench-2\n");
    assert_eq!(mode(&folder.file()), 0o600);
    let document = folder.document();
    assert_eq!((&document["url"], &document["pool"]), (&daemon.url().into(), &"lab".into()));
    let token = document["token"].as_str().unwrap();
    assert_eq!(token.len(), 32);
    assert!(!end.stderr.contains(token) && !end.stdout.contains(token));
    let held = daemon.expect_state("bench-1", ResourceState::Leased).await.lease.unwrap();
    assert_eq!(held.holder.unwrap().as_str(), "ci");

    // The file says which respod and pool it is.
    let renew = Program::new(tests::binaries::rpclient()).args(["renew", "--ttl", "20m", "--json"]);
    let renewed = renew.env("RESPO_LEASE_FILE", folder.file()).finish().await.expect_code(0).json();
    assert!(renewed["expires"].as_str() > document["expires"].as_str(), "{renewed} {document}");
    assert_eq!(folder.document()["expires"], renewed["expires"]);
    let extended = folder.rpclient(&daemon, &["extend", "--by", "5m"]).await.expect_code(0);
    assert!(extended.stderr.contains("lease 1 ends at"), "{}", extended.stderr);
    assert!(folder.document()["expires"].as_str() > renewed["expires"].as_str());
    assert_eq!(mode(&folder.file()), 0o600);

    let end = folder.rpclient(&daemon, &["release", "bench-1"]).await.expect_code(0);
    assert!(end.stderr.contains("lease 1 goes on with bench-2"), "{}", end.stderr);
    daemon.expect_state("bench-1", ResourceState::Free).await;
    daemon.expect_state("bench-2", ResourceState::Leased).await;
    folder.rpclient(&daemon, &["release"]).await.expect_code(0);
    assert!(!folder.file().exists());
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_lease_that_is_over_is_lost_to_whoever_renews_or_releases_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for command in ["renew", "release"] {
        let folder = Folder::new();
        folder.rpclient(&daemon, &["acquire", "bench-1", "--ttl", "1s"]).await.expect_code(0);
        daemon.expect_idle().await;
        let end = folder.rpclient(&daemon, &[command]).await.expect_code(92);
        assert!(end.stderr.contains("it was not renewed in time"), "{}", end.stderr);
        assert_eq!(folder.file().exists(), command == "renew");
    }
}

#[tokio::test]
async fn a_lease_file_is_not_written_over_before_its_lease_is_over() {
    let daemon = Daemon::start(LAB).await;
    let folder = Folder::new();
    folder.rpclient(&daemon, &["acquire", "bench-1"]).await.expect_code(0);
    let before = folder.document();
    let end = folder.rpclient(&daemon, &["acquire", "bench-2"]).await.expect_code(2);
    assert!(end.stderr.contains("has lease 1, which is not over"), "{}", end.stderr);
    assert_eq!(folder.document(), before);
    daemon.release(1, before["token"].as_str().unwrap()).await.expect_status(204);
    folder.rpclient(&daemon, &["acquire", "bench-2"]).await.expect_code(0);
    assert_eq!(folder.document()["id"], 2);
    fs::write(folder.file(), "notes of mine").unwrap();
    let end = folder.rpclient(&daemon, &["acquire", "bench-3"]).await.expect_code(2);
    assert!(end.stderr.contains("is not a lease file"), "{}", end.stderr);
}

#[tokio::test]
async fn a_repeated_job_gets_its_lease_again_with_its_key() {
    let daemon = Daemon::start(LAB).await;
    let folder = Folder::new();
    let arguments = ["acquire", "1", "--ttl", "5m", "--idempotency-key", "job-88-attempt-1"];
    let first = folder.rpclient(&daemon, &arguments).await.expect_code(0);
    let document = folder.document();
    let second = folder.rpclient(&daemon, &arguments).await.expect_code(0);
    assert_eq!(first.stdout, second.stdout);
    for key in ["id", "token", "fence"] {
        assert_eq!(folder.document()[key], document[key], "{key}");
    }
}

#[tokio::test]
async fn who_waits_is_told_how_it_goes_keeps_its_place_over_a_restart_and_leaves_with_a_signal() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (first, second) = (Folder::new(), Folder::new());
    first.rpclient(&daemon, &["acquire", "bench-1", "--name", "ci"]).await.expect_code(0);
    let waiting = second.program(&daemon, &["acquire", "bench-1", "--ttl", "5m"]).start();
    waiting.expect_stderr("waiting for bench-1, place 1 of 1: held by ci").await;
    assert_eq!(mode(&second.file()), 0o600);
    let daemon = daemon.restart().await;
    first.rpclient(&daemon, &["release"]).await.expect_code(0);
    let end = waiting.finish().await.expect_code(0);
    assert_eq!(end.stdout, "bench-1\n");
    assert_eq!(second.document()["id"], 2);

    let waiting = first.program(&daemon, &["acquire", "bench-1"]).start();
    waiting.expect_stderr("waiting").await;
    waiting.signal(Signal::SIGTERM);
    waiting.finish().await.expect_code(128 + 15);
    daemon.expect_waiting(0).await;
    assert!(!first.file().exists());

    // Taken back from elsewhere, it ends as well.
    let waiting = first.program(&daemon, &["acquire", "bench-1"]).start();
    waiting.expect_stderr("waiting").await;
    first.rpclient(&daemon, &["cancel"]).await.expect_code(0);
    let end = waiting.finish().await.expect_code(94);
    assert!(end.stderr.contains("the holder released it"), "{}", end.stderr);
    let end = first.rpclient(&daemon, &["acquire", "bench-1", "--no-wait"]).await.expect_code(90);
    assert!(end.stderr.contains("busy"), "{}", end.stderr);
}

#[tokio::test]
async fn two_who_renew_at_once_both_succeed_and_leave_a_whole_file() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let folder = Folder::new();
    folder.rpclient(&daemon, &["acquire", "bench-1", "--ttl", "10m"]).await.expect_code(0);
    let renew = |ttl: &str| folder.program(&daemon, &["renew", "--json", "--ttl", ttl]).start();
    let running: Vec<_> = ["11m", "30m", "12m", "13m"].map(renew).into_iter().collect();
    let mut latest = String::new();
    for one in running {
        let expires =
            one.finish().await.expect_code(0).json()["expires"].as_str().unwrap().to_owned();
        latest = latest.max(expires);
    }
    // A renewal never takes time away. Which of them wrote the file last is chance.
    let document = folder.document();
    assert_eq!((&document["id"], document["token"].as_str().unwrap().len()), (&1.into(), 32));
    assert_eq!(mode(&folder.file()), 0o600);
    folder.rpclient(&daemon, &["renew"]).await.expect_code(0);
    assert_eq!(folder.document()["expires"].as_str().unwrap(), latest);
}

#[tokio::test]
async fn an_administrator_ends_what_others_hold_and_nobody_else_does() {
    let daemon = Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "s3cret").start().await;
    let folder = Folder::new();
    folder.rpclient(&daemon, &["acquire", "bench-1"]).await.expect_code(0);
    let cancel = || Program::rpclient(&daemon).args(["cancel", "1"]);
    let end = cancel().finish().await.expect_code(2);
    assert!(end.stderr.contains("--admin-token-file"), "{}", end.stderr);
    for (token, code) in [("another", 94), ("s3cret", 0)] {
        let file = folder.folder.path().join("admin");
        fs::write(&file, token).unwrap();
        cancel().arg("--admin-token-file").arg(file).finish().await.expect_code(code);
    }
    daemon.expect_idle().await;
    eventually("the holder learns it", async || {
        let end = folder.rpclient(&daemon, &["renew"]).await;
        if end.code == Some(92) { Ok(()) } else { Err(end.stderr) }
    })
    .await;
}
