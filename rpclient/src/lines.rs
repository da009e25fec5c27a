//! Cuts a stream of chunks into lines, with a bound on their length.

/// The longest line that is read: 16 MiB. A granted lease with the properties of its entities is the
/// longest that respod sends.
pub(crate) const MAX_LINE: usize = 16 * 1024 * 1024;

/// A line was longer than the bound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LineTooLong;

/// Collects chunks and gives out the lines in them, without their ends. Empty lines are left out.
#[derive(Debug)]
pub(crate) struct LineDecoder {
    buffer: Vec<u8>,
    /// Where the next line starts.
    start: usize,
    /// Up to where no line end has been found, so that a long line is searched only once.
    searched: usize,
    longest: usize,
}

impl LineDecoder {
    pub(crate) fn new(longest: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, longest }
    }

    /// Takes the next chunk of the stream.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
    }

    /// The next complete line; `None` if another chunk is needed for it.
    pub(crate) fn next_line(&mut self) -> Result<Option<&[u8]>, LineTooLong> {
        loop {
            let found = self.buffer[self.searched..].iter().position(|&byte| byte == b'\n');
            let end = found.map_or(self.buffer.len(), |offset| self.searched + offset);
            if end - self.start > self.longest {
                return Err(LineTooLong);
            }
            if found.is_none() {
                self.searched = end;
                return Ok(None);
            }
            let start = self.start;
            self.start = end + 1;
            self.searched = self.start;
            let line = self.buffer[start..end].trim_ascii();
            if !line.is_empty() {
                // Sliced again: a conditional return of `line` would borrow the buffer for the loop.
                return Ok(Some(self.buffer[start..end].trim_ascii()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]], longest: usize) -> Result<Vec<String>, LineTooLong> {
        let mut decoder = LineDecoder::new(longest);
        let mut lines = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(line) = decoder.next_line()? {
                lines.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        Ok(lines)
    }

    #[test]
    fn lines_come_out_whole_however_the_stream_is_cut() {
        let stream = b"one\r\n\ntwo\nthree\nunfinished";
        for size in 1..=stream.len() {
            let chunks: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(lines_of(&chunks, 100).unwrap(), ["one", "two", "three"], "size {size}");
        }
    }

    #[test]
    fn a_line_beyond_the_bound_is_an_error_whether_it_ends_or_not() {
        assert_eq!(lines_of(&[b"12345\n"], 5).unwrap(), ["12345"]);
        assert_eq!(lines_of(&[b"123456\n"], 5), Err(LineTooLong));
        assert_eq!(lines_of(&[b"123", b"456"], 5), Err(LineTooLong));
    }
}
