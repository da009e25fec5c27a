//! Many connections at once.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Makes sure that this process, and those that it starts from now on, may open so many files.
pub fn open_files(count: u64) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit can be read");
    assert!(hard >= count, "at most {hard} files can be opened, and the test needs {count}");
    if soft < count {
        setrlimit(Resource::RLIMIT_NOFILE, count, hard).expect("the soft limit can be raised");
    }
}
