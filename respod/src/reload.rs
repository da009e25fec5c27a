//! SIGHUP: the inventory file is read again.

use std::path::Path;
use std::sync::Arc;

use respo_warp::inventory::{Inventories, ReplaceError};

use crate::inventory_file;

/// Puts what the file says now in the place of the present inventory. Where that fails, the log says
/// why, and the present one stays.
pub(crate) async fn reload(path: Arc<Path>, inventories: &Arc<Inventories>) {
    let file = Arc::clone(&path);
    let document = match tokio::task::spawn_blocking(move || inventory_file::read(&file)).await {
        Ok(Ok(document)) => document,
        Ok(Err(error)) => return refuse(&error.lines(&path)),
        Err(error) => return refuse(&[format!("the parser failed: {error}")]),
    };
    match inventories.replace(document, false).await {
        Ok(_) => {}
        Err(ReplaceError::Invalid(problems)) => refuse(&inventory_file::lines(&problems, &path)),
        Err(error) => refuse(&[error.to_string()]),
    }
}

fn refuse(reasons: &[String]) {
    for reason in reasons {
        tracing::error!("{reason}");
    }
    tracing::error!("the inventory was not replaced; the one before stays");
}
