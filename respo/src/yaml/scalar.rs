//! What an unquoted value means: the YAML 1.2 core schema, except that digits never get lost.
//!
//! A number with leading zeros (`007`) or one that does not fit (more than 64 bits, `1e999`) stays
//! a text: it is a serial number rather than a quantity.

use serde_json::Number;

use super::node::Meaning;

/// What `text` means where it stands without quotes.
pub(super) fn meaning(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" => Meaning::Boolean(true),
        "false" | "False" | "FALSE" => Meaning::Boolean(false),
        ".nan" | ".NaN" | ".NAN" => Meaning::NotFinite,
        _ => match text.strip_prefix(['-', '+']).unwrap_or(text) {
            ".inf" | ".Inf" | ".INF" => Meaning::NotFinite,
            _ => number(text).map_or(Meaning::Text, Meaning::Number),
        },
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if is_digits(unsigned) {
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return None;
        }
        // Rust reads a leading '+' as YAML does.
        let positive = text.parse::<u64>().map(Number::from);
        return positive.or_else(|_| text.parse::<i64>().map(Number::from)).ok();
    }
    is_float(unsigned).then(|| text.parse().ok()).flatten().and_then(Number::from_f64)
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten().map(Number::from)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_holds = exponent
        .is_none_or(|exponent| is_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    let mantissa_holds = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    exponent_holds && mantissa_holds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> serde_json::Value {
        match meaning(text) {
            Meaning::Number(number) => number.into(),
            other => panic!("{text} is {other:?}"),
        }
    }

    #[test]
    fn numbers_are_read_as_the_core_schema_says() {
        assert_eq!(number("0"), 0);
        assert_eq!(number("+12"), 12);
        assert_eq!(number("-3"), -3);
        assert_eq!(number("18446744073709551615"), u64::MAX);
        assert_eq!(number("0x1F"), 31);
        assert_eq!(number("0o17"), 15);
        assert_eq!(number("3.3"), 3.3);
        assert_eq!(number("-.5"), -0.5);
        assert_eq!(number("12."), 12.0);
        assert_eq!(number("1e3"), 1000.0);
        assert_eq!(number("6.022E+23"), 6.022e23);
    }

    #[test]
    fn what_would_lose_digits_as_a_number_stays_a_text() {
        for text in ["007", "-01", "00", "123456789012345678901234567890", "1e999"] {
            assert_eq!(meaning(text), Meaning::Text, "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_number_is_a_text() {
        for text in [
            ".",
            "-",
            "+",
            "1.2.3",
            "127.0.0.1",
            "1_000",
            "0b1",
            "0x",
            "0xg",
            "0x+1",
            "-0x1",
            "1e",
            "e1",
            "1e+",
            "inf",
            "nan",
            "infinity",
            "--1",
            "1:30",
            "yes",
            "on",
            "tRUE",
            "2024-01-01",
        ] {
            assert_eq!(meaning(text), Meaning::Text, "{text}");
        }
    }

    #[test]
    fn nothing_booleans_and_infinities_are_what_they_look_like() {
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(meaning(text), Meaning::Null, "{text}");
        }
        assert_eq!(meaning("True"), Meaning::Boolean(true));
        assert_eq!(meaning("FALSE"), Meaning::Boolean(false));
        for text in [".nan", ".inf", "-.INF", "+.Inf"] {
            assert_eq!(meaning(text), Meaning::NotFinite, "{text}");
        }
    }
}
