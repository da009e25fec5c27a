//! The file that says which lease is meant: its id and its token, and what is worth knowing beside.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rpclient::respo::wire::GrantedLease;
use rpclient::{Error, IdempotencyKey, Label, Name, RequestId, Timestamp, Token};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::input;

/// Where the idempotency key is among the rest.
const KEY: &str = "idempotency_key";

/// What is in a lease file. `rpclient lock` gives its command one in the same form.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct LeaseDocument {
    /// The respod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    pub(crate) pool: Label,
    pub(crate) id: RequestId,
    token: String,
    /// When it ends unless it is renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Timestamp>,
    /// Once it was granted: `fence`, `since`, `resource`, `resources`.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// A place for a lease file: found to be writable before there is anything to write.
pub(crate) struct LeasePlace {
    path: PathBuf,
    prepared: NamedTempFile,
}

impl LeaseDocument {
    /// That of a request that waits.
    pub(crate) fn waiting(url: String, pool: Label, id: RequestId, token: &Token) -> Self {
        let token = token.reveal().to_owned();
        Self { url: Some(url), pool, id, token, expires: None, more: Map::new() }
    }

    /// That of a lease.
    pub(crate) fn granted(
        url: String,
        lease: &GrantedLease,
        token: &Token,
    ) -> Result<Self, Failure> {
        let mut document = Self::waiting(url, lease.pool.clone(), lease.id, token);
        document.expires = lease.expires;
        if let Value::Object(fields) = as_json(lease)? {
            let own = ["id", "token", "pool", "expires"];
            document.more = fields.into_iter().filter(|(key, _)| !own.contains(&&**key)).collect();
        }
        Ok(document)
    }

    /// Reads the file; `-` is standard input.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let json = input::read(file)?;
        serde_json::from_slice(&json).map_err(|error| {
            let file = input::shown(file);
            Failure::usage(format!("{file} is not a lease file, as 'acquire' writes it: {error}"))
        })
    }

    pub(crate) fn token(&self) -> Token {
        Token::presented(self.token.as_str())
    }

    /// The same, which a job with this key is given again.
    pub(crate) fn made_with(mut self, key: Option<&IdempotencyKey>) -> Self {
        if let Some(key) = key {
            self.more.insert(KEY.to_owned(), key.reveal().into());
        }
        self
    }

    pub(crate) fn is_made_with(&self, key: &IdempotencyKey) -> bool {
        self.more.get(KEY).and_then(Value::as_str) == Some(key.reveal())
    }

    /// The same with another token, for somebody else, who has no use for the key.
    pub(crate) fn with_token(&self, token: &Token) -> Self {
        let mut document = Self { token: token.reveal().to_owned(), ..self.clone() };
        document.more.remove(KEY);
        document
    }

    /// The resources that it says are held.
    pub(crate) fn names(&self) -> Vec<Name> {
        let lists = self.more.get("resources").and_then(Value::as_array).into_iter().flatten();
        let resources = lists.filter_map(Value::as_array).flatten();
        let names = resources.filter_map(|resource| resource["name"].as_str());
        names.filter_map(|name| Name::new(name).ok()).collect()
    }

    /// Takes resources out that are no longer held.
    pub(crate) fn without(mut self, released: &[Name]) -> Self {
        let is_released = |resource: &Value| {
            released.iter().any(|name| resource["name"].as_str() == Some(name.as_str()))
        };
        if self.more.get("resource").is_some_and(is_released) {
            self.more.remove("resource");
        }
        let lists = self.more.get_mut("resources").and_then(Value::as_array_mut);
        for list in lists.into_iter().flatten().filter_map(Value::as_array_mut) {
            list.retain(|resource| !is_released(resource));
        }
        self
    }

    /// What to make of an error of a call on this lease: that it is over has an exit code of its own.
    pub(crate) fn lost_or(&self, error: Error) -> Failure {
        if is_over(&error) {
            let message = format!("lease {} is lost: {error}", self.id);
            return Failure::new(ExitCode::Lost, message);
        }
        error.into()
    }

    /// The document as text, token included.
    pub(crate) fn text(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| not_json(&error))
    }

    /// Writes the file anew.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        LeasePlace::prepare(file)?.write(self)
    }

    /// Writes it in place of a file that is there. One that has been removed stays away.
    pub(crate) fn replace(&self, file: &Path) -> Result<(), Failure> {
        LeasePlace::prepare(file)?.replace(self)
    }
}

impl LeasePlace {
    /// Finds out whether a file can be written there. Nothing is at `path` yet.
    pub(crate) fn prepare(path: &Path) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // tempfile creates with mode 0600, and never opens what is there already.
        let prepared = tempfile::Builder::new().prefix(".respo-lease-").tempfile_in(folder);
        let prepared = prepared.map_err(|error| Failure::file("write", path, &error))?;
        Ok(Self { path: path.to_owned(), prepared })
    }

    /// Puts the file there, as a whole.
    pub(crate) fn write(self, document: &LeaseDocument) -> Result<(), Failure> {
        let path = self.path.clone();
        let prepared = self.filled(document)?;
        let written = prepared.persist(&path).map_err(io::Error::from);
        written.map(drop).map_err(|error| Failure::file("write", &path, &error))
    }

    /// The same in place of the file that is there, if one is.
    fn replace(self, document: &LeaseDocument) -> Result<(), Failure> {
        let path = self.path.clone();
        let prepared = self.filled(document)?;
        match exchange(prepared.path(), &path) {
            // What was there goes with the temporary name.
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // Not every file system can. This leaves a moment in which another may remove it.
            Err(_) if path.exists() => {
                let written = prepared.persist(&path).map_err(io::Error::from);
                written.map(drop).map_err(|error| Failure::file("write", &path, &error))
            }
            Err(_) => Ok(()),
        }
    }

    /// The document under the temporary name, and on the disk: after a crash, a name must not lead to less.
    fn filled(self, document: &LeaseDocument) -> Result<NamedTempFile, Failure> {
        let Self { path, mut prepared } = self;
        let text = document.text()?;
        let written =
            prepared.write_all(text.as_bytes()).and_then(|()| prepared.as_file().sync_all());
        written.map_err(|error| Failure::file("write", &path, &error))?;
        Ok(prepared)
    }
}

/// Whether it says that there is no such lease any more, or that it is somebody else's.
pub(crate) fn is_over(error: &Error) -> bool {
    match error {
        Error::Ended(_) | Error::Lost(_) => true,
        Error::Refused(problem) => matches!(problem.code.as_str(), "no_request" | "wrong_token"),
        _ => false,
    }
}

/// Removes the file of a lease that is over. One that is gone already needs no removing.
pub(crate) fn remove(file: &Path) -> Result<(), Failure> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::file("remove", file, &error))
        }
        _ => Ok(()),
    }
}

/// A lease as JSON without its token.
pub(crate) fn as_json(lease: &GrantedLease) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(lease).map_err(|error| not_json(&error))?;
    if let Value::Object(fields) = &mut value {
        fields.remove("token");
    }
    Ok(value)
}

/// Gives each the other's name at once. Fails if one of them is not there.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn not_json(error: &serde_json::Error) -> Failure {
    Failure::new(ExitCode::Local, format!("cannot write the lease as JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_where_it_is_and_not_brought_back_where_it_was_removed() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("lease.json");
        let json = r#"{"pool":"lab","id":2,"token":"t","idempotency_key":"k"}"#;
        let document: LeaseDocument = serde_json::from_str(json).unwrap();
        document.replace(&file).unwrap();
        assert!(!file.exists());
        document.write(&file).unwrap();
        let other = document.with_token(&Token::presented("u"));
        other.replace(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), other.text().unwrap());
        assert!(!other.text().unwrap().contains("idempotency_key"));
        // Nothing else is left there.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
