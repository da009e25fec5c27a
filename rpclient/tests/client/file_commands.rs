//! The commands that work on a lease file: what they ask of whom, and what becomes of the file.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::fake_respod::FakeRespod;
use crate::requests::QUEUED;
use crate::surface::Surface;

const JSON: &str = "application/json";
const LEASE: &str = r#"{"id":2,"token":"s3cret","fence":7,"pool":"lab","resource":{"name":"bench-1"},"resources":[[{"name":"bench-1"}]],"since":"2026-11-21T08:15:31Z","expires":"2026-11-21T08:16:31Z"}"#;
const PENDING: &str = r#"{"id":2,"token":"s3cret","position":1,"of":1,"since":"2026-11-21T08:15:30Z","candidates":[],"candidates_total":1,"pool":"lab","ttl":"60s"}"#;

/// A folder with the file of lease 2.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with_lease_of(server: &FakeRespod) -> Self {
        let folder = Self::new();
        let lease = format!(r#"{{"url":"{}","pool":"lab","id":2,"token":"s3cret"}}"#, server.url());
        fs::write(folder.file(), lease).unwrap();
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("lease.json")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    /// `rpclient` in an environment that speaks of this server.
    fn command(&self, server: &FakeRespod, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rpclient"));
        command.args(arguments).current_dir(self.0.path()).env("RESPO_URL", server.url());
        command.env("RESPO_LEASE_FILE", self.file()).env_remove("RESPO_POOL");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    fn start(&self, server: &FakeRespod, arguments: &[&str]) -> Child {
        self.command(server, arguments).spawn().unwrap()
    }
}

async fn end(process: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = process.wait_with_output().await.unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn terminate(process: &Child) {
    let id = process.id().unwrap().to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(killed.success());
}

#[tokio::test]
async fn a_lease_is_asked_for_where_its_file_says_whatever_the_environment_does() {
    let (own, other) = (FakeRespod::start().await, FakeRespod::start().await);
    let folder = Folder::with_lease_of(&own);
    let mut release = folder.command(&other, &["release"]);
    let release = release.env("RESPO_POOL", "attic").spawn().unwrap();
    let call = own.call().await;
    assert!(call.head.starts_with("DELETE /v1/leases/2?pool=lab "), "{}", call.head);
    call.answer("204 No Content", "text/plain", "").await;
    assert_eq!(end(release).await.0, Some(0));
    assert!(!folder.file().exists());
}

#[tokio::test]
async fn a_respod_that_is_not_the_one_of_the_lease_cannot_have_it_forgotten() {
    let (own, other) = (FakeRespod::start().await, FakeRespod::start().await);
    let folder = Folder::with_lease_of(&own);
    let before = folder.text();
    for command in ["release", "cancel"] {
        for flags in [["--url", &other.url()], ["--pool", "attic"]] {
            let process = folder.start(&other, &[command, flags[0], flags[1]]);
            let asked = if flags[0] == "--url" { &other } else { &own };
            asked.call().await.refuse(403, "wrong_token").await;
            let (code, said) = end(process).await;
            assert_eq!(code, Some(94), "{said}");
            assert!(said.contains(&format!("lease 2 is in pool lab of {}", own.url())), "{said}");
            assert_eq!(folder.text(), before);
        }
    }
    // What is to be leased elsewhere does not take its place either.
    let acquire = ["acquire", "bench-1", "--file", "lease.json", "--url", &other.url()];
    let process = folder.start(&other, &acquire);
    own.call().await.answer("200 OK", JSON, LEASE).await;
    let (code, said) = end(process).await;
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(folder.text(), before);
}

#[tokio::test]
async fn a_key_writes_over_the_file_of_its_own_lease_only() {
    let server = FakeRespod::start().await;
    let folder = Folder::new();
    let acquire = |key| ["acquire", "bench-1", "--file", "lease.json", "--idempotency-key", key];
    let process = folder.start(&server, &acquire("one"));
    server.call().await.answer("201 Created", JSON, LEASE).await;
    assert_eq!(end(process).await.0, Some(0));

    let before = folder.text();
    let process = folder.start(&server, &acquire("another"));
    let look = server.call().await;
    assert!(look.head.starts_with("GET /v1/leases/2?pool=lab "), "{}", look.head);
    look.answer("200 OK", JSON, LEASE).await;
    let (code, said) = end(process).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("has lease 2, which is not over"), "{said}");
    assert_eq!(folder.text(), before);

    let process = folder.start(&server, &acquire("one"));
    server.call().await.answer("200 OK", JSON, LEASE).await;
    let call = server.call().await;
    assert!(call.head.contains("idempotency-key: one\r\n"), "{}", call.head);
    call.answer("201 Created", JSON, LEASE).await;
    assert_eq!(end(process).await.0, Some(0));
}

#[tokio::test]
async fn what_a_signal_meets_while_it_is_asked_for_is_taken_back() {
    let server = FakeRespod::start().await;
    let folder = Folder::new();
    let process = folder.start(&server, &["acquire", "bench-1", "--file", "lease.json"]);
    let key = |head: &str| {
        head.lines().find(|line| line.starts_with("idempotency-key: ")).unwrap().to_owned()
    };
    let first = server.call().await;
    let first_key = key(&first.head);
    terminate(&process);
    // What came of it is asked for once more.
    drop(first);
    let call = server.call().await;
    assert_eq!(key(&call.head), first_key);
    call.answer("201 Created", JSON, LEASE).await;
    let call = server.call().await;
    assert!(call.head.starts_with("DELETE /v1/leases/2 "), "{}", call.head);
    call.answer("204 No Content", "text/plain", "").await;
    assert_eq!(end(process).await.0, Some(128 + 15));
    assert!(!folder.file().exists());

    let server = FakeRespod::speaking(Surface::Socket).await;
    let lock = ["lock", "bench-1", "--linger", "1h", "--", "true"];
    let process = folder.start(&server, &lock);
    let mut socket = server.socket().await;
    assert_eq!(socket.message().await["type"], "request");
    terminate(&process);
    socket.say(QUEUED).await;
    let cancelled = socket.message().await;
    assert_eq!((&cancelled["type"], &cancelled["id"]), (&"cancel".into(), &2.into()));
    socket.say(r#"{"event":"done"}"#).await;
    assert_eq!(end(process).await.0, Some(128 + 15));
}

#[tokio::test]
async fn a_request_that_cannot_be_taken_back_keeps_its_file() {
    let server = FakeRespod::start().await;
    let folder = Folder::new();
    let acquire = ["acquire", "bench-1", "--file", "lease.json", "--wait", "1ms"];
    let mut process = folder.start(&server, &acquire);
    server.call().await.answer("202 Accepted", JSON, PENDING).await;
    server.call().await.refuse(503, "draining").await;
    let mut releases = 0;
    let status = loop {
        tokio::select! {
            status = process.wait() => break status.unwrap(),
            call = server.call() => {
                assert!(call.head.starts_with("DELETE /v1/leases/2 "), "{}", call.head);
                releases += 1;
                call.refuse(503, "draining").await;
            }
        }
    };
    let (_, said) = end(process).await;
    assert_eq!(status.code(), Some(94), "{said}");
    assert!(said.contains("'rpclient cancel --file lease.json'"), "{said}");
    assert!(folder.text().contains("s3cret"));
    assert!(releases > 1, "it tried {releases} times");
}

#[tokio::test]
async fn a_token_that_nobody_reads_takes_the_place_of_the_old_one() {
    let server = FakeRespod::start().await;
    let folder = Folder::with_lease_of(&server);
    let (closed, output) = UnixStream::pair().unwrap();
    drop(closed);
    let mut transfer = folder.command(&server, &["transfer", "--to", "bob"]);
    let process = transfer.stdout(OwnedFd::from(output)).spawn().unwrap();
    let call = server.call().await;
    assert!(call.head.starts_with("POST /v1/leases/2/transfer"), "{}", call.head);
    call.answer("200 OK", JSON, r#"{"id":2,"holder":"bob","token":"an0ther"}"#).await;
    let (code, said) = end(process).await;
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("bob's now"), "{said}");
    assert!(folder.text().contains("an0ther") && !folder.text().contains("s3cret"));
}
