//! The data directory: where it is, who may read it, what is in it, and that one respod at a time uses it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tests::inventories::ONE_BENCH;
use tests::{Daemon, Program, Settings, binaries};

/// The files in it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// The permissions of a file.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// The bytes that a token stands for.
fn raw(token: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&token[at..at + 2], 16).expect("hexadecimal");
    (0..token.len()).step_by(2).map(digits).collect()
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[tokio::test]
async fn it_is_in_the_current_directory_unless_said_otherwise() {
    let folder = tempfile::TempDir::new().unwrap();
    let inventory = folder.path().join("inventory.yaml");
    fs::write(&inventory, ONE_BENCH).unwrap();
    let program = Program::new(binaries::respod()).arg("--inventory").arg(inventory);
    let respod = program.args(["--listen", "127.0.0.1:0"]).start();
    respod.expect_stdout("listening on").await;
    assert!(respod.folder().join("respod-data/respo.db").exists());
}

#[tokio::test]
async fn nobody_else_may_read_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("").await;
    let directory = daemon.settings().data_dir();
    assert_eq!(mode(&directory), 0o700);
    let backup = daemon.settings().file("backup.db");
    let words = ["db", "backup", backup.to_str().unwrap()];
    daemon.settings().tool(&words).finish().await.expect_code(0);
    assert_eq!(mode(&backup), 0o600);
    let databases: Vec<_> = files(&directory)
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("respo.db"))
        .collect();
    assert!(databases.len() > 1, "the database and its log: {databases:?}");
    for path in databases {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_directory_that_is_there_keeps_its_permissions_and_the_files_are_private() {
    let settings = Daemon::with(ONE_BENCH);
    fs::create_dir(settings.data_dir()).unwrap();
    fs::set_permissions(settings.data_dir(), PermissionsExt::from_mode(0o755)).unwrap();
    let daemon = settings.start().await;
    let directory = daemon.settings().data_dir();
    assert_eq!(mode(&directory), 0o755);
    assert_eq!(mode(&directory.join("respo.db")), 0o600);
    assert_eq!(mode(&directory.join("respo.db-wal")), 0o600);
}

#[tokio::test]
async fn no_token_is_in_it() {
    let settings = Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "correct-horse\n");
    let daemon = settings.start().await;
    let mut holder = daemon.lock("linger=10m&name=alice").await;
    let lease = holder.expect_granted().await;
    let mut waiter = daemon.lock("").await;
    let waiting = waiter.expect_queued().await.token.unwrap();
    let mut former = daemon.lock("").await;
    let request = former.expect_queued().await;
    let former = request.token.unwrap();
    assert_eq!(daemon.release(request.id, &former).await.status(), 204);
    let backup = daemon.settings().file("backup.db");
    let words = ["db", "backup", backup.to_str().unwrap()];
    daemon.settings().tool(&words).finish().await.expect_code(0);
    let history = daemon.settings().tool(&["history", "export"]).finish().await.expect_code(0);

    let mut seen = vec![("the history".to_owned(), history.stdout.into_bytes())];
    let mut read = |paths: Vec<PathBuf>| {
        seen.extend(paths.into_iter().map(|it| (it.display().to_string(), fs::read(it).unwrap())));
    };
    read(files(&daemon.settings().data_dir()));
    read(vec![backup]);
    let settings = daemon.stop().await;
    read(files(&settings.data_dir()));

    assert!(seen.iter().any(|(_, bytes)| contains(bytes, b"alice")), "the data was looked at");
    for (name, bytes) in &seen {
        for token in [&lease.token, &waiting, &former] {
            for form in [token.as_bytes(), token.to_uppercase().as_bytes(), &raw(token)] {
                assert!(!contains(bytes, form), "a token is in {name}");
            }
        }
        assert!(!contains(bytes, b"correct-horse"), "the administrator's token is in {name}");
    }
}

#[tokio::test]
async fn a_second_respod_is_refused_with_the_pid_of_the_first() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let other = Daemon::with(ONE_BENCH).flag("--data-dir", daemon.settings().data_dir());
    let end = other.fail().await.expect_code(3);
    assert!(end.stderr.contains(&format!("pid {}", daemon.process.pid())), "{}", end.stderr);
    let directory = daemon.settings().data_dir().display().to_string();
    assert!(end.stderr.contains(&directory), "{}", end.stderr);
    assert_eq!(end.stdout, "", "it does not say that it listens");
    // It is not the file with the pid that keeps others out.
    fs::remove_file(daemon.settings().data_dir().join("respod.pid")).unwrap();
    let end = other.fail().await.expect_code(3);
    assert!(end.stderr.contains("in use by another respod"), "{}", end.stderr);
    // The first one is none the worse for it.
    daemon.refused("wait=0").await.expect_problem(409, "busy");
    holder.close();
    daemon.hold("").await;
    // When that one has ended, however it did, the directory is free.
    let _settings = daemon.kill().await;
    other.start().await.get("/healthz").await.expect_status(200);
}

async fn expect_refused(settings: &Settings, hint: &str) {
    let end = settings.fail().await.expect_code(3);
    assert!(end.stderr.contains(hint), "{hint}: {}", end.stderr);
    assert_eq!(end.stdout, "", "it does not say that it listens");
}

#[tokio::test]
async fn what_is_not_a_database_of_respo_is_refused_and_left_as_it_is() {
    let settings = Daemon::with(ONE_BENCH);
    let file = settings.data_dir().join("respo.db");
    fs::create_dir(settings.data_dir()).unwrap();
    for text in ["these are my notes\n".repeat(1000), "x".to_owned()] {
        fs::write(&file, &text).unwrap();
        expect_refused(&settings, &format!("{} is not a database of respo", file.display())).await;
        let end = settings.tool(&["db", "check"]).finish().await.expect_code(3);
        assert!(end.stderr.contains(&file.display().to_string()), "{}", end.stderr);
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "it was not touched");
    }
}

#[tokio::test]
async fn what_cannot_be_a_directory_is_refused() {
    let settings = Daemon::with(ONE_BENCH);
    fs::write(settings.data_dir(), "").unwrap();
    expect_refused(&settings, &settings.data_dir().display().to_string()).await;
    let below = settings.data_dir().join("below");
    let settings = settings.flag("--data-dir", &below);
    expect_refused(&settings, &below.display().to_string()).await;
}

#[tokio::test]
async fn without_a_store_there_is_none() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().start().await;
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    daemon.expect_log("kept in memory").await;
    assert_eq!(files(daemon.process.folder()).len(), 2, "stdout and stderr");
    let daemon = daemon.restart().await;
    daemon.expect_no_resume(&lease.token).await;
    daemon.hold("wait=0").await;
}
