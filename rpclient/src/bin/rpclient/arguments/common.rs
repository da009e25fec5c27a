//! What every command takes: where the respod is, and who asks it.

use std::fs;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use rpclient::{Client, ClientBuilder, Label, Token};

use crate::failure::Failure;
use crate::holder;
use crate::lease_document::LeaseDocument;

/// Where a respod listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:7373";

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct CommonArguments {
    /// The respod to talk to [default: that of the lease file, or http://127.0.0.1:7373]
    #[arg(
        long,
        global = true,
        env = "RESPO_URL",
        value_name = "URL",
        help_heading = "Common options"
    )]
    pub(crate) url: Option<String>,
    /// Who asks; others see it while they wait [default: USER@HOST]
    #[arg(
        long,
        global = true,
        env = "RESPO_NAME",
        value_name = "NAME",
        help_heading = "Common options"
    )]
    pub(crate) name: Option<Label>,
    /// The pool, where the respod serves several
    #[arg(
        long,
        global = true,
        env = "RESPO_POOL",
        value_name = "NAME",
        help_heading = "Common options"
    )]
    pub(crate) pool: Option<Label>,
    /// Print JSON instead of text
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) json: bool,
    /// A file with the administrator's token, where the respod wants one for its inventory
    #[arg(
        long,
        global = true,
        env = "RESPO_ADMIN_TOKEN_FILE",
        value_name = "FILE",
        help_heading = "Common options"
    )]
    pub(crate) admin_token_file: Option<PathBuf>,
    #[arg(skip)]
    flags: Flags,
}

/// What the command line itself says, rather than the environment.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    url: bool,
    pool: bool,
}

impl CommonArguments {
    /// Notes what the command line itself says, rather than the environment.
    pub(super) fn note_flags(&mut self, matches: &ArgMatches) {
        let is_flag = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
        self.flags = Flags { url: is_flag("url"), pool: is_flag("pool") };
    }

    /// The client that these arguments describe.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(self.builder()?.build())
    }

    /// The same for what a lease file is about, which says where that is. A flag goes before that; the
    /// environment, which is about something else as likely as not, does not.
    pub(crate) fn client_of(&self, document: &LeaseDocument) -> Result<Client, Failure> {
        let flag = self.url.as_ref().filter(|_| self.flags.url);
        let url = flag.or(document.url.as_ref()).or(self.url.as_ref());
        let flag = self.pool.as_ref().filter(|_| self.flags.pool);
        Ok(self.builder_for(url, flag.or(Some(&document.pool)))?.build())
    }

    /// The same without regard to flags, which are about something new.
    pub(crate) fn client_where_it_is(&self, document: &LeaseDocument) -> Result<Client, Failure> {
        let url = document.url.as_ref().or(self.url.as_ref());
        Ok(self.builder_for(url, Some(&document.pool))?.build())
    }

    /// Whether [`client_of`](Self::client_of) asks where the lease file says that the lease is: nobody else
    /// can tell that it is over.
    pub(crate) fn asks_where_it_is(&self, document: &LeaseDocument) -> bool {
        let asked = if self.flags.url { self.url.as_ref() } else { document.url.as_ref() };
        let is_same_url = match (asked, &document.url) {
            (Some(asked), Some(known)) => is_same_url(asked, known),
            _ => false,
        };
        is_same_url && (!self.flags.pool || self.pool.as_ref() == Some(&document.pool))
    }

    /// The same, with the administrator's token: read only where it is needed, so that an unreadable file
    /// keeps nobody from anything else.
    pub(crate) fn administrator(&self) -> Result<Client, Failure> {
        let mut builder = self.builder()?;
        if let Some(path) = &self.admin_token_file {
            let token = fs::read_to_string(path);
            let token = token.map_err(|error| Failure::file("read the token in", path, &error))?;
            builder = builder.admin_token(Token::presented(token.trim()));
        }
        Ok(builder.build())
    }

    fn builder(&self) -> Result<ClientBuilder, Failure> {
        self.builder_for(self.url.as_ref(), self.pool.as_ref())
    }

    fn builder_for(
        &self,
        url: Option<&String>,
        pool: Option<&Label>,
    ) -> Result<ClientBuilder, Failure> {
        let holder = self.name.clone().unwrap_or_else(holder::default);
        let url = url.map_or(DEFAULT_URL, String::as_str);
        let mut builder = Client::builder(url)?.holder(holder);
        if let Some(pool) = pool {
            builder = builder.pool(pool.clone());
        }
        Ok(builder)
    }
}

/// Whether they are the same but for how they are written.
pub(crate) fn is_same_url(one: &str, other: &str) -> bool {
    let read = |url| Client::new(url).map(|client| client.url()).ok();
    one == other || matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Arguments;

    fn document() -> LeaseDocument {
        let json = r#"{"url":"http://lab:1","pool":"lab","id":2,"token":"t"}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_lease_file_says_where_its_lease_is_unless_a_flag_does() {
        for (flags, url, is_its_own) in [
            (&[][..], "http://lab:1", true),
            (&["--url", "http://lab:1/"], "http://lab:1", true),
            (&["--url", "http://other:1"], "http://other:1", false),
            (&["--pool", "lab"], "http://lab:1", true),
            (&["--pool", "attic"], "http://lab:1", false),
        ] {
            for flags_go_first in [false, true] {
                let mut words = vec!["rpclient"];
                let parts = if flags_go_first { [flags, &["renew"]] } else { [&["renew"], flags] };
                words.extend(parts.concat());
                let common = Arguments::of(words).unwrap().common;
                let client = common.client_of(&document()).unwrap();
                assert!(is_same_url(&client.url(), url), "{flags:?}: {}", client.url());
                assert_eq!(common.asks_where_it_is(&document()), is_its_own, "{flags:?}");
            }
        }
    }
}
