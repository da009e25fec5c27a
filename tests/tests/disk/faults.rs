//! A disk that fails under a running respod, and works again.
//!
//! While it fails nobody is told of anything that is not on the disk, and nobody loses anything; when it is
//! back, respod goes on by itself.

use respo::wire::ResourceState;
use tests::Daemon;
use tests::strace::{self, Fault};

use crate::clients::{Clients, Holder, ask_until_served, expect_held, settings};

/// How the disk fails.
struct Failure {
    /// Rules of strace.
    rules: &'static [&'static str],
    /// What was refused may be on the disk all the same.
    leaves_doubt: bool,
}

const FULL: Failure = Failure { rules: &["pwrite64:error=ENOSPC"], leaves_doubt: false };
const READ_ONLY: Failure = Failure { rules: &["pwrite64:error=EROFS"], leaves_doubt: false };
const UNSYNCHRONIZED: Failure =
    Failure { rules: &["fsync:error=EIO", "fdatasync:error=EIO"], leaves_doubt: true };
const BROKEN: Failure = Failure {
    rules: &["pwrite64:error=EIO", "fsync:error=EIO", "fdatasync:error=EIO", "ftruncate:error=EIO"],
    leaves_doubt: false,
};

#[tokio::test]
async fn a_full_disk_is_survived() {
    if strace::is_usable("a_full_disk_is_survived").await {
        survive(&FULL).await;
    }
}

#[tokio::test]
async fn a_disk_that_turns_read_only_is_survived() {
    if strace::is_usable("a_disk_that_turns_read_only_is_survived").await {
        survive(&READ_ONLY).await;
    }
}

#[tokio::test]
async fn a_disk_that_does_not_synchronize_is_survived() {
    if strace::is_usable("a_disk_that_does_not_synchronize_is_survived").await {
        survive(&UNSYNCHRONIZED).await;
    }
}

#[tokio::test]
async fn a_disk_that_fails_altogether_is_survived() {
    if strace::is_usable("a_disk_that_fails_altogether_is_survived").await {
        survive(&BROKEN).await;
    }
}

#[tokio::test]
async fn a_kill_while_the_disk_is_full_is_survived() {
    if strace::is_usable("a_kill_while_the_disk_is_full_is_survived").await {
        survive_a_kill(&FULL).await;
    }
}

#[tokio::test]
async fn a_kill_while_the_disk_does_not_synchronize_is_survived() {
    if strace::is_usable("a_kill_while_the_disk_does_not_synchronize_is_survived").await {
        survive_a_kill(&UNSYNCHRONIZED).await;
    }
}

/// The failure comes and goes.
async fn survive(failure: &Failure) {
    let daemon = settings().start().await;
    let mut clients = Clients::arrive(&daemon).await;
    let fault = fail(&daemon, failure).await;
    clients.go_through(&daemon).await;
    let failed = fault.detach().await;
    assert!(failed > 1, "the disk has failed {failed} times only");

    let new = ask_until_served(&daemon, "name=new&resource=bench-4").await;
    let Clients { holder, patient, next, releaser, .. } = clients;
    // What the leaver held has become free.
    let next = Holder::of(next.stream).await;
    end(&daemon, releaser, failure).await;
    // Whoever held still does, and gives it to the one who waits.
    holder.release(&daemon).await;
    let patient = Holder::of(patient.stream).await;

    // What was told is what there is, after a kill, too.
    let told = [&patient.lease, &next.lease, &new.lease];
    expect_held(&daemon, &told).await;
    let daemon = daemon.restart().await;
    expect_held(&daemon, &told).await;
    for lease in told {
        let resumed = daemon.resume(&lease.token).await.expect_granted().await;
        assert_eq!(&resumed, lease);
    }
}

/// The failure comes, respod is killed, the failure goes, and respod is started again.
async fn survive_a_kill(failure: &Failure) {
    let daemon = settings().flag("--grace", "5s").start().await;
    let mut clients = Clients::arrive(&daemon).await;
    let fault = fail(&daemon, failure).await;
    clients.go_through(&daemon).await;
    let settings = daemon.kill().await;
    let failed = fault.detach().await;
    assert!(failed > 1, "the disk has failed {failed} times only");

    let daemon = settings.start().await;
    let Clients { holder, patient, next, releaser, .. } = clients;
    let resumed = Holder::of(daemon.resume(&holder.lease.token).await).await;
    assert_eq!(resumed.lease, holder.lease);
    let patient = daemon.resume(&patient.token).await;
    let next = daemon.resume(&next.token).await;
    if failure.leaves_doubt {
        // What was refused may have been granted after all: to nobody, so that it ends by itself.
        daemon.expect_state("bench-4", ResourceState::Free).await;
        daemon.expect_state("bench-3", ResourceState::Free).await;
    } else {
        daemon.expect_state("bench-3", ResourceState::Orphaned).await;
        let state = daemon.resource("bench-4").await.map(|resource| resource.state);
        assert_eq!(state, Some(ResourceState::Free), "nobody was told of a grant");
        let releaser = Holder::of(daemon.resume(&releaser.lease.token).await).await;
        releaser.release(&daemon).await;
    }
    let new = ask_until_served(&daemon, "name=new&resource=bench-4").await;
    // What the leaver held becomes free when nobody comes back for it.
    let next = Holder::of(next).await;
    resumed.release(&daemon).await;
    let patient = Holder::of(patient).await;
    expect_held(&daemon, &[&patient.lease, &next.lease, &new.lease]).await;
}

async fn fail(daemon: &Daemon, failure: &Failure) -> Fault {
    let directory = daemon.settings().data_dir().canonicalize().expect("it is there");
    let files = ["respo.db", "respo.db-wal"].map(|name| directory.join(name));
    Fault::attach(daemon.process.pid(), &files, failure.rules).await
}

/// Gives back what could not be given back before.
async fn end(daemon: &Daemon, holder: Holder, failure: &Failure) {
    let reply = daemon.release(holder.lease.id, &holder.lease.token).await;
    match reply.status() {
        404 if failure.leaves_doubt => drop(reply.expect_problem(404, "no_request")),
        _ => drop(reply.expect_status(204)),
    }
    let mut stream = holder.stream;
    stream.expect_ended().await;
}
