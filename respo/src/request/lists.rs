//! Lists as the query string and the text form of a requirement write them.

/// A list from a script that has nothing in it must not lease just anything.
pub(super) const EMPTY: &str = "it is empty; leave it out, or say what is wanted";

const LIST_OF_LISTS: &str = "a list of lists is written [[a,b],[c]]";

/// `[a,b]`, `["a","b"]` or `a,b`. Quotes are dropped: no name or attribute contains one.
pub(super) fn list(value: &str) -> Result<Vec<&str>, String> {
    let value = value.trim();
    let inner = match value.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or("a list that starts with '[' ends with ']'")?,
        None if value.is_empty() => return Err(EMPTY.to_owned()),
        None => value,
    };
    if inner.trim().is_empty() {
        return Ok(Vec::new());
    }
    if outside_braces(inner).any(|(_, c)| matches!(c, '[' | ']')) {
        return Err("a list of words is expected, such as [a,b], not a list of lists".to_owned());
    }
    Ok(split(inner).into_iter().map(unquote).collect())
}

/// `[[a,b],[c]]`, or one list. An item may be in braces, and have commas and brackets in it then.
pub(super) fn list_of_lists(value: &str) -> Result<Vec<Vec<&str>>, String> {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('[').map(str::trim_start).filter(|v| v.starts_with('['))
    else {
        let one = list(value)?;
        return Ok(if one.is_empty() { Vec::new() } else { vec![one] });
    };
    let mut rest = inner
        .strip_suffix(']')
        .ok_or_else(|| format!("{LIST_OF_LISTS}; the last ']' is missing"))?
        .trim();
    let mut lists = Vec::new();
    loop {
        let mut ends = outside_braces(rest).filter(|&(_, c)| c == ']');
        let (end, _) = ends.next().ok_or(LIST_OF_LISTS)?;
        lists.push(list(&rest[..=end])?);
        rest = rest[end + 1..].trim_start();
        if rest.is_empty() {
            return Ok(lists);
        }
        rest = rest
            .strip_prefix(',')
            .map(str::trim_start)
            .filter(|rest| rest.starts_with('['))
            .ok_or(LIST_OF_LISTS)?;
    }
}

/// What stands between the commas.
fn split(inner: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut start = 0;
    for (comma, _) in outside_braces(inner).filter(|&(_, c)| c == ',') {
        items.push(&inner[start..comma]);
        start = comma + 1;
    }
    items.push(&inner[start..]);
    items
}

fn unquote(item: &str) -> &str {
    let item = item.trim();
    ['"', '\'']
        .iter()
        .find_map(|&quote| item.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(item)
}

/// The characters that are not in braces. Texts in double quotes may have braces in them there.
fn outside_braces(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut in_braces, mut in_quotes, mut escaped) = (false, false, false);
    text.char_indices().filter(move |&(_, c)| {
        let inside = in_braces || c == '{';
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' if in_braces => in_quotes = !in_quotes,
            '{' if !in_quotes => in_braces = true,
            '}' if !in_quotes => in_braces = false,
            _ => {}
        }
        !inside
    })
}
