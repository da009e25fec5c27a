//! The file from which the command reads its lease.

use std::env;
use std::io::{self, Write};
use std::path::{self, Path, PathBuf};

use rpclient::respo::wire::GrantedLease;
use rpclient::{Client, Lease};
use serde::Serialize;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The lease as JSON, in a file that only its owner can read from the moment it exists. Dropping this
/// removes it.
pub(super) struct LeaseFile(NamedTempFile);

impl LeaseFile {
    pub(super) fn create(client: &Client, lease: &Lease) -> Result<Self, Failure> {
        let directory = directory();
        Self::write(client, lease, &directory)
            .map(Self)
            .map_err(|error| Failure::file("write the lease file in", &directory, &error))
    }

    fn write(client: &Client, lease: &Lease, directory: &Path) -> io::Result<NamedTempFile> {
        #[derive(Serialize)]
        struct Document {
            #[serde(flatten)]
            lease: GrantedLease,
            url: String,
        }
        // tempfile creates with mode 0600, and never opens what is there already.
        let mut file = tempfile::Builder::new()
            .prefix(&format!("respo-lease-{}-", lease.id()))
            .suffix(".json")
            .tempfile_in(directory)?;
        let document = Document { lease: granted(lease), url: client.url() };
        serde_json::to_writer_pretty(&mut file, &document)?;
        file.write_all(b"\n")?;
        file.flush()?;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The lease without its token, as `rpclient lock --json` prints it.
pub(super) fn without_token(lease: &Lease) -> Result<Value, Failure> {
    let value = serde_json::to_value(granted(lease));
    let mut value = value.map_err(|error| {
        Failure::new(ExitCode::Local, format!("cannot write the lease as JSON: {error}"))
    })?;
    if let Value::Object(fields) = &mut value {
        fields.remove("token");
    }
    Ok(value)
}

fn granted(lease: &Lease) -> GrantedLease {
    GrantedLease {
        id: lease.id(),
        token: lease.token().reveal().to_owned(),
        fence: lease.fence(),
        pool: lease.pool().clone(),
        resource: lease.only_resource().cloned(),
        resources: lease.resources().to_vec(),
        since: lease.since(),
        expires: lease.expires(),
    }
}

/// The user's runtime directory, which is private and in memory, or else the one for temporary files.
fn directory() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let directory = runtime.filter(|directory| directory.is_dir());
    let directory = directory.unwrap_or_else(env::temp_dir);
    // The command may change to another directory before it looks.
    path::absolute(&directory).unwrap_or(directory)
}
