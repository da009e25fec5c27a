//! What strace writes down, taken apart.

use std::collections::BTreeMap;

/// The system calls of a program and of its threads.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// In the order in which they began.
    pub calls: Vec<SystemCall>,
}

/// One system call.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemCall {
    /// Which thread made it.
    pub thread: i32,
    /// Its name.
    pub name: String,
    /// What it was given, and what it filled in; structures are taken apart.
    pub arguments: Vec<Argument>,
    /// What it returned; `None` if it failed or never returned.
    pub result: Option<i64>,
    /// The number of the line on which it began.
    pub began: usize,
    /// The number of the line on which it returned; `None` if it never did.
    pub returned: Option<usize>,
}

/// Something that a system call was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// An open file or socket, and what strace says that it is: a path, or `TCP:[…]`.
    Open(String),
    /// A text, or bytes.
    Bytes(Vec<u8>),
    /// A number.
    Number(i64),
    /// A flag, or several.
    Word(String),
}

impl SystemCall {
    /// What the first open file or socket among the arguments is.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.arguments.iter().find_map(|argument| match argument {
            Argument::Open(target) => Some(target.as_str()),
            _ => None,
        })
    }

    /// All bytes among the arguments, in one piece.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for argument in &self.arguments {
            if let Argument::Bytes(more) = argument {
                bytes.extend_from_slice(more);
            }
        }
        bytes
    }

    /// The last number among the arguments.
    #[must_use]
    pub fn last_number(&self) -> Option<i64> {
        self.arguments.iter().rev().find_map(|argument| match argument {
            Argument::Number(number) => Some(*number),
            _ => None,
        })
    }

    /// Whether this flag is among the arguments.
    #[must_use]
    pub fn has_flag(&self, flag: &str) -> bool {
        self.arguments.iter().any(|argument| match argument {
            Argument::Word(words) => words.split('|').any(|word| word == flag),
            _ => false,
        })
    }
}

impl Trace {
    /// Reads what `strace -f -xx` has written.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut calls: Vec<SystemCall> = Vec::new();
        let mut unfinished: BTreeMap<i32, usize> = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let (thread, what) = line.trim_start().split_once(' ').expect("a thread's id");
            let thread = thread.parse().expect("a thread's id");
            let what = what.trim_start();
            if what.starts_with("+++") || what.starts_with("---") {
                continue;
            }
            if let Some(rest) = what.strip_prefix("<... ") {
                let call = unfinished.remove(&thread).expect("it has begun");
                let (_, rest) = rest.split_once("resumed>").expect("it is resumed");
                finish(&mut calls[call], rest, number);
                continue;
            }
            let (name, rest) = what.split_once('(').unwrap_or_else(|| panic!("no call: {what}"));
            let (thread, name) = (thread, name.to_owned());
            let (arguments, result, began, returned) = (Vec::new(), None, number, None);
            calls.push(SystemCall { thread, name, arguments, result, began, returned });
            let index = calls.len() - 1;
            match rest.strip_suffix("<unfinished ...>") {
                Some(begun) => {
                    calls[index].arguments = arguments_of(begun);
                    unfinished.insert(thread, index);
                }
                None => finish(&mut calls[index], rest, number),
            }
        }
        Self { calls }
    }
}

fn finish(call: &mut SystemCall, rest: &str, line: usize) {
    let (arguments, result) = rest.rsplit_once(") = ").unwrap_or_else(|| panic!("no end: {rest}"));
    call.arguments.extend(arguments_of(arguments));
    if result.starts_with('?') {
        return;
    }
    call.returned = Some(line);
    let end = result.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(result.len());
    call.result = result[..end].parse().ok().filter(|result| *result >= 0);
}

fn arguments_of(text: &str) -> Vec<Argument> {
    let mut arguments = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (quoted, after) = rest[1..].split_once('"').expect("the quotes end");
            assert!(!after.starts_with("..."), "strace has cut a text off");
            arguments.push(Argument::Bytes(bytes_of(quoted)));
            rest = after;
        } else if first.is_ascii_alphanumeric() || first == '-' {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && !['-', '_', '|'].contains(&c))
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            arguments.push(if after.starts_with('<') {
                let end = end_of_description(after);
                rest = &after[end + 1..];
                Argument::Open(String::from_utf8_lossy(&bytes_of(&after[1..end])).into_owned())
            } else if let Ok(number) = word.parse() {
                Argument::Number(number)
            } else {
                Argument::Word(word.to_owned())
            });
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    arguments
}

/// Where `<…>` ends; a socket's two ends have `->` between them, in brackets.
fn end_of_description(text: &str) -> usize {
    let mut depth = 0;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            b'>' if depth == 0 => return index,
            _ => {}
        }
    }
    panic!("no end: {text}")
}

/// Bytes as `-xx` writes them, `\x` and two digits each; what is not in that form stands for itself.
fn bytes_of(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [b'\\', b'x', high, low, after @ ..] => {
                bytes.push(digit(*high) << 4 | digit(*low));
                after
            }
            [other, after @ ..] => {
                bytes.push(*other);
                after
            }
            [] => return bytes,
        };
    }
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => panic!("no hexadecimal digit: {byte}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_put_together_from_their_beginning_and_their_end() {
        let trace = Trace::parse(concat!(
            r#"12 pwrite64(7<\x2f\x61>, "\x00\xff", 2, 32 <unfinished ...>"#,
            "\n",
            r#"13 recvfrom(8<TCP:[127.0.0.1:1->127.0.0.1:2]>,  <unfinished ...>"#,
            "\n",
            r#"13 <... recvfrom resumed>"\x68\x69", 24, MSG_PEEK|MSG_WAITALL, NULL, NULL) = 2"#,
            "\n",
            "12 <... pwrite64 resumed>) = 2\n",
            "12 fsync(7<\\x2f\\x61>) = -1 EIO (Input/output error) (INJECTED)\n",
            "12 fsync(7<\\x2f\\x61> <unfinished ...>\n",
            "12 <... fsync resumed>) = ?\n",
            "12 +++ killed by SIGKILL +++\n",
        ));
        let [write, receive, failed, killed] = trace.calls.as_slice() else {
            panic!("{trace:?}");
        };
        assert_eq!(
            (write.thread, write.name.as_str(), write.target()),
            (12, "pwrite64", Some("/a"))
        );
        assert_eq!((write.bytes(), write.last_number()), (vec![0, 255], Some(32)));
        assert_eq!((write.began, write.returned, write.result), (0, Some(3), Some(2)));
        assert_eq!(receive.target(), Some("TCP:[127.0.0.1:1->127.0.0.1:2]"));
        assert_eq!((receive.bytes(), receive.returned), (b"hi".to_vec(), Some(2)));
        assert!(receive.has_flag("MSG_WAITALL") && !receive.has_flag("MSG"));
        assert_eq!((failed.result, failed.returned), (None, Some(4)));
        assert_eq!((killed.result, killed.returned), (None, None));
    }

    #[test]
    fn a_structure_is_taken_apart() {
        let line = r#"5 writev(3<TCP:[a]>, [{iov_base="\x61", iov_len=1}, {iov_base="\x62", iov_len=1}], 2) = 2"#;
        assert_eq!(Trace::parse(line).calls[0].bytes(), b"ab");
    }
}
