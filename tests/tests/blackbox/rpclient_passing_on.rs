//! `rpclient transfer`, `allow` and `disallow`, and `lock --resume`: leases that others get, or a hand in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use respo::wire::ResourceState;
use tempfile::TempDir;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, Finished, Program};

async fn rpclient(daemon: &Daemon, arguments: &[&str], file: &Path) -> Finished {
    Program::rpclient(daemon).args(arguments).arg("--file").arg(file).finish().await
}

#[tokio::test]
async fn a_lease_is_passed_from_one_command_line_to_another() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let folder = TempDir::new().unwrap();
    let (alices, bobs) = (folder.path().join("alices"), folder.path().join("bobs"));
    rpclient(&daemon, &["acquire", "bench-1", "--name", "alice"], &alices).await.expect_code(0);
    let kept = fs::read(&alices).unwrap();
    let output = bobs.to_str().unwrap();
    let transfer = ["transfer", "--to", "bob", "--output", output];
    rpclient(&daemon, &transfer, &alices).await.expect_code(0);
    assert!(!alices.exists());
    assert_eq!(fs::metadata(&bobs).unwrap().permissions().mode() & 0o777, 0o600);
    let lease = daemon.expect_state("bench-1", ResourceState::Leased).await.lease.unwrap();
    assert_eq!((lease.id.0, lease.holder.unwrap().as_str()), (1, "bob"));

    // Whatever alice has kept of it is good for nothing.
    fs::write(&alices, kept).unwrap();
    let end = rpclient(&daemon, &["renew"], &alices).await.expect_code(92);
    assert!(end.stderr.contains("lease 1 is lost"), "{}", end.stderr);
    rpclient(&daemon, &["renew"], &bobs).await.expect_code(0);
    rpclient(&daemon, &["release"], &bobs).await.expect_code(0);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_lock_is_passed_on_to_another_one_whose_command_goes_on_with_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let folder = TempDir::new().unwrap();
    let bobs = folder.path().join("bobs");
    // The command passes on the lease that it runs under, whose file it knows.
    let script = "\"$RPCLIENT\" transfer --to bob --output \"$BOBS\" && exec cat";
    let first = Program::lock(&daemon, &["bench-1", "--linger", "1m"], script)
        .env("RPCLIENT", tests::binaries::rpclient())
        .env("BOBS", &bobs)
        .open_input()
        .start();
    let end = first.finish().await.expect_code(92);
    assert!(end.stderr.contains("passed it on to another"), "{}", end.stderr);

    let second = Program::rpclient(&daemon).args(["lock", "--resume"]).arg(&bobs);
    let second =
        second.args(["--", "sh", "-c", "echo $RESPO_RESOURCE $RESPO_LEASE_ID $RESPO_FENCE"]);
    let end = second.finish().await.expect_code(0);
    assert_eq!(end.stdout, "bench-1 1 1\n");
    daemon.expect_idle().await;
    let again = Program::rpclient(&daemon).args(["lock", "--resume"]).arg(&bobs);
    again.args(["--", "true"]).finish().await.expect_code(92);
}

#[tokio::test]
async fn a_guest_may_renew_and_release_but_not_pass_on_and_only_while_allowed() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let folder = TempDir::new().unwrap();
    let (owners, guests) = (folder.path().join("owners"), folder.path().join("guests"));
    rpclient(&daemon, &["acquire", "bench-1", "--ttl", "10m"], &owners).await.expect_code(0);
    let allow = || rpclient(&daemon, &["allow", "carol d"], &owners);
    let allowed = allow().await.expect_code(0);
    fs::write(&guests, &allowed.stdout).unwrap();
    assert_ne!(
        allowed.json()["token"],
        serde_json::from_slice::<serde_json::Value>(&fs::read(&owners).unwrap()).unwrap()["token"]
    );
    rpclient(&daemon, &["renew"], &guests).await.expect_code(0);
    let end = rpclient(&daemon, &["transfer", "--to", "bob"], &guests).await.expect_code(94);
    assert!(end.stderr.contains("guest_token"), "{}", end.stderr);
    assert!(guests.exists());

    rpclient(&daemon, &["disallow", "carol d"], &owners).await.expect_code(0);
    rpclient(&daemon, &["renew"], &guests).await.expect_code(92);
    rpclient(&daemon, &["disallow", "carol d"], &owners).await.expect_code(94);
    fs::write(&guests, allow().await.expect_code(0).stdout).unwrap();
    rpclient(&daemon, &["release"], &guests).await.expect_code(0);
    daemon.expect_idle().await;
}
