//! The parameters of a query string, one after the other.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::QueryError;

/// Hands every parameter's name and value to `take`, until it finds something wrong with one.
pub(super) fn each(
    query: &str,
    mut take: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), QueryError> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (blanks(key), blanks(value));
        let key = percent_decode_str(&key).decode_utf8_lossy();
        let taken = match percent_decode_str(&value).decode_utf8() {
            Ok(value) => take(&key, &value),
            Err(_) => Err("its value is not UTF-8".to_owned()),
        };
        taken.map_err(|problem| QueryError { parameter: key.into_owned(), problem })?;
    }
    Ok(())
}

/// A plus sign stands for a blank.
fn blanks(text: &str) -> Cow<'_, str> {
    if text.contains('+') { text.replace('+', " ").into() } else { text.into() }
}
