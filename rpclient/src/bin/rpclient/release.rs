//! `rpclient release` and `rpclient cancel`: a lease, a part of it, or a place in the queue is given back.

use rpclient::{Error, Name, RequestId};

use crate::arguments::{CancelArguments, CommonArguments, ReleaseArguments};
use crate::failure::Failure;
use crate::lease_document::{self, LeaseDocument, is_over};
use crate::lock::held::Held;
use crate::output;

pub(crate) async fn release(
    common: &CommonArguments,
    arguments: &ReleaseArguments,
) -> Result<(), Failure> {
    let file = &arguments.lease.file;
    let document = LeaseDocument::read(file)?;
    let (id, token) = (document.id, document.token());
    let client = common.client_of(&document)?;
    let released = match arguments.resources.as_slice() {
        [] => client.release(id, &token).await,
        some => client.release_part(id, &token, some).await,
    };
    match released {
        Ok(()) => {}
        Err(error) if is_over(&error) && common.asks_where_it_is(&document) => {
            lease_document::remove(file)?;
            // A look at it tells why, as far as that is known yet.
            let why = client.lease(id, &token).await.err().filter(is_over).unwrap_or(error);
            return Err(document.lost_or(why));
        }
        Err(error) => return Err(not_there(&document, error)),
    }
    let rest = document.clone().without(&arguments.resources);
    if arguments.resources.is_empty() || rest.names().is_empty() {
        lease_document::remove(file)?;
        output::say(&format!("lease {id} is released"));
        return Ok(());
    }
    rest.write(file)?;
    let (gone, rest) = (held(&arguments.resources), held(&rest.names()));
    output::say(&format!("{}; lease {id} goes on with {rest}", gone.is("released")));
    Ok(())
}

pub(crate) async fn cancel(
    common: &CommonArguments,
    arguments: &CancelArguments,
) -> Result<(), Failure> {
    if let Some(id) = arguments.id {
        return revoke(common, RequestId(id)).await;
    }
    let file = &arguments.lease.file;
    let document = LeaseDocument::read(file)?;
    let client = common.client_of(&document)?;
    let id = document.id;
    let said = match client.release(id, &document.token()).await {
        Ok(()) => format!("request {id} is taken back"),
        // That was what was wanted.
        Err(error) if is_over(&error) && common.asks_where_it_is(&document) => {
            format!("request {id} was over already: {error}")
        }
        Err(error) => return Err(not_there(&document, error)),
    };
    lease_document::remove(file)?;
    output::say(&said);
    Ok(())
}

async fn revoke(common: &CommonArguments, id: RequestId) -> Result<(), Failure> {
    if common.admin_token_file.is_none() {
        return Err(Failure::usage(
            "only its holder and an administrator can end a request: give --file with the lease file, or \
             --admin-token-file with the administrator's token",
        ));
    }
    common.administrator()?.revoke(id).await?;
    output::say(&format!("request or lease {id} is ended"));
    Ok(())
}

/// What to make of an error that keeps the file. Who does not know the lease may not be who granted it.
fn not_there(document: &LeaseDocument, error: Error) -> Failure {
    let (id, is_over) = (document.id, is_over(&error));
    let mut failure = Failure::from(error);
    if is_over {
        let pool = &document.pool;
        let place = document.url.as_ref().map_or_else(
            || format!("in pool {pool} of a respod that its file does not name"),
            |url| format!("in pool {pool} of {url}"),
        );
        failure.message.push_str(&format!(
            "\nlease {id} is {place}, which was not asked: its file is kept; leave --url and --pool out"
        ));
    }
    failure
}

fn held(names: &[Name]) -> Held {
    Held::of(&names.iter().collect::<Vec<_>>())
}
