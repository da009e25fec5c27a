//! A disk that is really full: a small one, and a file that takes the rest of it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use tests::{Daemon, LockStream, Program, binaries, eventually};

use crate::clients::{Clients, Holder, ask_until_served, settings};
use crate::mounts;

#[tokio::test]
async fn respod_waits_for_space_on_its_disk() {
    if !mounts::are_possible("respod_waits_for_space_on_its_disk") {
        return;
    }
    let settings = settings();
    let directory = settings.data_dir();
    fs::create_dir(&directory).expect("a new directory");
    let script =
        format!("mount -t tmpfs -o size=1m tmpfs '{}' && exec \"$@\"", directory.display());
    let daemon = settings.under(mounts::after(&script)).start().await;
    // As the process sees it.
    let root = PathBuf::from(format!("/proc/{}/root", daemon.process.pid()));
    let directory = root.join(directory.strip_prefix("/").expect("an absolute path"));
    let filler = directory.join("filler");
    let mut clients = Clients::arrive(&daemon).await;

    eventually("nothing more can be written", async || {
        fill(&filler);
        match LockStream::open(daemon.address(), "name=early&resource=bench-4").await {
            // There was something left: it is taken next time.
            Ok(_) => Err("a lease was granted".to_owned()),
            Err(reply) => Ok(reply.expect_problem(503, "store_unavailable")),
        }
    })
    .await;
    clients.go_through(&daemon).await;
    fs::remove_file(&filler).expect("it is there");

    let new = ask_until_served(&daemon, "name=new&resource=bench-4").await;
    let Clients { holder, patient, next, releaser, .. } = clients;
    let next = Holder::of(next.stream).await;
    releaser.release(&daemon).await;
    holder.release(&daemon).await;
    let patient = Holder::of(patient.stream).await;
    let pool = daemon.pool().await;
    let held = pool.resources.iter().map(|it| it.lease.as_ref().map(|lease| lease.fence));
    let told = [&patient, &next].map(|holder| Some(holder.lease.fence));
    assert_eq!(held.collect::<Vec<_>>(), [told[0], told[1], None, Some(new.lease.fence)]);
    check(&daemon).await;
}

/// Takes all the space that is left.
fn fill(filler: &Path) {
    let mut file = File::options().create(true).append(true).open(filler).expect("a file");
    loop {
        match file.write(&[0; 4096]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// `respod db check`, which must look from where the daemon does.
async fn check(daemon: &Daemon) {
    let pid = daemon.process.pid().to_string();
    let check = Program::new(binaries::respod())
        .args(["db", "check", "--data-dir"])
        .arg(daemon.settings().data_dir())
        .under(["nsenter", "--mount", "--target", &pid]);
    check.finish().await.expect_code(0);
}
