//! What `rpclient lock` says of an absence of respod, and what its command notices of it: nothing.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

use crate::fake_respod::FakeRespod;
use crate::requests::{GRANTED, GRANTED_THREE, QUEUED};

/// `rpclient lock bench-1 -- sh -c …`, whose command ends with 7 when it has read a line.
struct Lock {
    process: Child,
    input: ChildStdin,
    said: Lines<BufReader<ChildStderr>>,
}

impl Lock {
    fn start(server: &FakeRespod) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_rpclient"))
            .args(["lock", "bench-1", "--", "sh", "-c", "read line; echo read $line; exit 7"])
            .env("RESPO_URL", server.url())
            .env_remove("RESPO_POOL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let said = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, input, said }
    }

    /// The next line that it says; empty when it has said all.
    async fn says(&mut self) -> String {
        self.said.next_line().await.unwrap().unwrap_or_default()
    }

    /// Waits for the one line on an absence, which ends like this. How long it took is chance.
    async fn says_that_respod_was_away(&mut self, rest: &str) {
        let line = self.says().await;
        let is_right = line.starts_with("rpclient: respod was away for ") && line.ends_with(rest);
        assert!(is_right, "{line}");
    }

    /// Lets the command end.
    async fn end_command(&mut self) {
        self.input.write_all(b"end\n").await.unwrap();
    }

    /// Waits until rpclient has ended, as its command did and without another word.
    async fn ends(mut self) {
        assert_eq!(self.says().await, "");
        assert_eq!(self.process.wait().await.unwrap().code(), Some(7));
        let mut output = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut output).await.unwrap();
        assert_eq!(output, "read end\n");
    }
}

const LEASED: &str = "rpclient: leased bench-1 (lease 2, fence 7)";

#[tokio::test]
async fn several_resources_are_told_of_together() {
    let server = FakeRespod::start().await;
    let mut lock = Lock::start(&server);
    let mut stream = server.stream(GRANTED_THREE).await;
    assert_eq!(
        lock.says().await,
        "rpclient: leased phone-2, phone-1 and relay-1 (lease 2, fence 7)"
    );
    stream.line(r#"{"event":"draining","deadline_seconds":10}"#).await;
    assert_eq!(
        lock.says().await,
        "rpclient: warning: respod is about to stop; the lease of phone-2, phone-1 and relay-1 ends in 10s"
    );
    drop(stream);
    let stream = server.stream(GRANTED_THREE).await;
    let kept = "(the server closed the connection); phone-2, phone-1 and relay-1 are still held";
    lock.says_that_respod_was_away(kept).await;
    drop(stream);
    server.request().await.refuse(503, "draining").await;
    let _stopped = server.stop();
    lock.end_command().await;
    let warning = lock.says().await;
    let start = "rpclient: warning: phone-2, phone-1 and relay-1 could not be released";
    assert!(warning.starts_with(start), "{warning}");
    assert!(warning.contains("they stay taken until"), "{warning}");
    lock.ends().await;
}

#[tokio::test]
async fn an_absence_is_one_line_when_it_is_over() {
    let server = FakeRespod::start().await;
    let mut lock = Lock::start(&server);
    let mut stream = server.stream(GRANTED).await;
    assert_eq!(lock.says().await, LEASED);
    stream.line(r#"{"event":"restarting","grace_seconds":60}"#).await;
    drop(stream);
    // It is about to stop for a moment, and then does not answer for another.
    server.request().await.refuse(503, "draining").await;
    drop(server.request().await);
    let _stream = server.stream(GRANTED).await;
    lock.says_that_respod_was_away("(the server announced a restart); bench-1 is still held").await;
    lock.end_command().await;
    server.request().await.answer("204 No Content", "text/plain", "").await;
    lock.ends().await;
}

#[tokio::test]
async fn an_absence_while_it_waits_is_one_line_too() {
    let server = FakeRespod::start().await;
    let mut lock = Lock::start(&server);
    let stream = server.stream(QUEUED).await;
    let waiting = lock.says().await;
    assert!(waiting.starts_with("rpclient: waiting for bench-1"), "{waiting}");
    drop(stream);
    server.request().await.refuse(503, "draining").await;
    let mut stream = server.stream(QUEUED).await;
    let kept = "(the server closed the connection); the request has kept its place";
    lock.says_that_respod_was_away(kept).await;
    stream.line(GRANTED).await;
    let leased = lock.says().await;
    assert!(leased.starts_with("rpclient: leased bench-1 after "), "{leased}");
    lock.end_command().await;
    server.request().await.answer("204 No Content", "text/plain", "").await;
    lock.ends().await;
}

#[tokio::test]
async fn a_command_that_ends_during_an_absence_has_its_exit_code_and_the_bench_its_warning() {
    let server = FakeRespod::start().await;
    let mut lock = Lock::start(&server);
    drop(server.stream(GRANTED).await);
    assert_eq!(lock.says().await, LEASED);
    // That it asks shows that it has noticed.
    server.request().await.refuse(503, "draining").await;
    let _stopped = server.stop();
    lock.end_command().await;
    assert_eq!(
        lock.says().await,
        "rpclient: warning: bench-1 could not be released, since respod is away (the server closed the \
         connection): it stays taken until respod is back and its grace period has passed"
    );
    lock.ends().await;
}

#[tokio::test]
async fn a_command_that_ends_during_an_absence_gives_the_bench_to_a_server_that_is_back_in_time() {
    let server = FakeRespod::start().await;
    let mut lock = Lock::start(&server);
    drop(server.stream(GRANTED).await);
    assert_eq!(lock.says().await, LEASED);
    lock.end_command().await;
    loop {
        let exchange = server.request().await;
        if exchange.head.starts_with("DELETE /v1/leases/2 ") {
            exchange.answer("204 No Content", "text/plain", "").await;
            break;
        }
        exchange.refuse(503, "draining").await;
    }
    lock.ends().await;
}
