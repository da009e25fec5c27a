//! The data directory: who may have it, and what becomes of one that cannot be used.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use nix::unistd::Uid;
use respo::wire::ResourceState;
use tests::Daemon;
use tests::inventories::ONE_BENCH;
use tests::settings::Settings;

use crate::mounts;

#[tokio::test]
async fn a_directory_is_made_with_all_that_it_is_in_and_for_its_user_alone() {
    let settings = Daemon::with(ONE_BENCH);
    let directory = settings.file("lab").join("one").join("data");
    let daemon = settings.flag("--data-dir", &directory).start().await;
    daemon.hold("name=ci").await;
    let mode = |path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(directory.clone()), 0o700);
    for file in ["respo.db", "respo.db-wal", "respo.db-shm"] {
        assert_eq!(mode(directory.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_file_is_no_data_directory() {
    let settings = Daemon::with(ONE_BENCH);
    fs::write(settings.data_dir(), "not a directory").unwrap();
    let start = settings.fail().await.expect_code(3);
    assert!(start.stderr.contains(settings.data_dir().to_str().unwrap()), "{start:?}");
    assert_eq!(fs::read(settings.data_dir()).unwrap(), b"not a directory");
}

#[tokio::test]
async fn a_read_only_directory_is_refused() {
    let settings = Daemon::with(ONE_BENCH).start().await.stop().await;
    let database = settings.data_dir().join("respo.db");
    let before = fs::read(&database).unwrap();
    let settings = if Uid::effective().is_root() {
        // Permissions stop everybody else.
        if !mounts::are_possible("a_read_only_directory_is_refused") {
            return;
        }
        let directory = settings.data_dir();
        let directory = directory.to_str().expect("UTF-8");
        let script = format!(
            "mount --bind {directory} {directory} && mount -o remount,bind,ro {directory} && exec \"$@\""
        );
        settings.under(mounts::after(&script))
    } else {
        fs::set_permissions(settings.data_dir(), Permissions::from_mode(0o555)).unwrap();
        fs::set_permissions(settings.data_dir().join("respod.pid"), Permissions::from_mode(0o444))
            .unwrap();
        settings
    };
    let start = settings.fail().await.expect_code(3);
    assert!(start.stderr.contains(settings.data_dir().to_str().unwrap()), "{start:?}");
    assert_eq!(fs::read(&database).unwrap(), before);
    if !Uid::effective().is_root() {
        // So that it can be removed.
        fs::set_permissions(settings.data_dir(), Permissions::from_mode(0o755)).unwrap();
    }
}

#[tokio::test]
async fn a_second_respod_is_told_which_one_has_the_directory() {
    let first = Daemon::start(ONE_BENCH).await;
    let holder = first.hold("name=ci").await;
    let second =
        || -> Settings { Daemon::with(ONE_BENCH).flag("--data-dir", first.settings().data_dir()) };
    let refused = second().fail().await.expect_code(3);
    let directory = first.settings().data_dir();
    for word in
        [directory.to_str().unwrap(), &format!("pid {}", first.process.pid()), "stop that one"]
    {
        assert!(refused.stderr.contains(word), "no {word:?}: {refused:?}");
    }
    // The first one goes on, and so it does under the tools.
    first.settings().tool(&["db", "check"]).finish().await.expect_code(0);
    drop(holder);
    first.expect_idle().await;
    let _next = first.hold("name=next").await;
    // It is the process that has the directory, and not the file that says so.
    let again = first.kill().await.start().await;
    again.expect_state("bench-1", ResourceState::Orphaned).await;
}
