//! Which of its forms the overview is asked for: the `Accept` header, RFC 9110 section 12.5.1.

use warp::http::HeaderMap;
use warp::http::header::ACCEPT;

/// A form of the overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
    Html,
}

/// In the order in which the server would rather give them.
const FORMS: [Form; 3] = [Form::Text, Form::Json, Form::Html];

impl Form {
    fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text", "plain"),
            Self::Json => ("application", "json"),
            Self::Html => ("text", "html"),
        }
    }
}

/// How well a form is liked. The greater is the better: first by quality, then by how exactly the
/// range names the form, then by how early it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Liking {
    thousandths: u16,
    exactness: u8,
    earliness: usize,
}

/// The form that the client likes best; text if it accepts none, which is better than nothing.
pub(crate) fn choose(headers: &HeaderMap) -> Form {
    let values: Vec<&str> =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    choose_from(&values.join(","))
}

fn choose_from(accept: &str) -> Form {
    let mut best: Option<(Liking, Form)> = None;
    for form in FORMS {
        let Some(liking) = liking(accept, form) else {
            continue;
        };
        if liking.thousandths > 0 && best.is_none_or(|(other, _)| liking > other) {
            best = Some((liking, form));
        }
    }
    best.map_or(Form::Text, |(_, form)| form)
}

/// What the most exact range that covers the form says of it.
fn liking(accept: &str, form: Form) -> Option<Liking> {
    let (kind, subtype) = form.media_type();
    let mut found: Option<Liking> = None;
    for (place, range) in accept.split(',').enumerate() {
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let Some((range_kind, range_subtype)) = name.split_once('/') else {
            continue;
        };
        let exactness = match (range_kind, range_subtype) {
            ("*", "*") => 0,
            (k, "*") if k.eq_ignore_ascii_case(kind) => 1,
            (k, s) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 2,
            _ => continue,
        };
        let liking =
            Liking { thousandths: quality(parts), exactness, earliness: usize::MAX - place };
        if found.is_none_or(|other| exactness > other.exactness) {
            found = Some(liking);
        }
    }
    // Among forms that only a wildcard covers, it is the server that chooses.
    found.map(|liking| match liking.exactness {
        2 => liking,
        _ => Liking { earliness: 0, ..liking },
    })
}

/// The `q` parameter in thousandths; 1 if there is none, 0 if it has no valid value.
fn quality<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    for parameter in parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("q") {
            return value.trim().parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16);
        }
    }
    1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_and_clients_that_accept_anything_get_text() {
        assert_eq!(choose_from(""), Form::Text);
        assert_eq!(choose_from("*/*"), Form::Text);
        assert_eq!(choose_from("text/*"), Form::Text);
    }

    #[test]
    fn browsers_get_the_page() {
        let firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert_eq!(choose_from(firefox), Form::Html);
        let chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,\
                      image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
        assert_eq!(choose_from(chrome), Form::Html);
    }

    #[test]
    fn json_is_given_when_it_is_named() {
        assert_eq!(choose_from("application/json"), Form::Json);
        assert_eq!(choose_from("Application/JSON; charset=utf-8"), Form::Json);
        assert_eq!(choose_from("application/json, text/plain, */*"), Form::Json);
        assert_eq!(choose_from("application/json;q=0.9, */*;q=0.1"), Form::Json);
    }

    #[test]
    fn the_higher_quality_wins_wherever_it_stands() {
        assert_eq!(choose_from("text/html;q=0.5, application/json;q=0.7"), Form::Json);
        assert_eq!(choose_from("text/html;q=0.8, text/plain;q=0.7"), Form::Html);
    }

    #[test]
    fn an_exact_range_overrides_a_wildcard_and_zero_excludes() {
        assert_eq!(choose_from("*/*, text/plain;q=0"), Form::Json);
        assert_eq!(choose_from("text/*;q=1, text/plain;q=0.1"), Form::Html);
        assert_eq!(choose_from("text/html;q=0, application/json;q=0, */*"), Form::Text);
    }

    #[test]
    fn what_is_no_range_or_matches_nothing_leaves_text() {
        assert_eq!(choose_from("image/png"), Form::Text);
        assert_eq!(choose_from("nonsense;;q=,,/"), Form::Text);
        assert_eq!(choose_from("application/json;q=high"), Form::Text);
        assert_eq!(choose_from("application/json;q=NaN"), Form::Text);
    }
}
