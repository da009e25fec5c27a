//! What the disk can do.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use crate::failure::{Doing, Failure};
use crate::report::median;

const RECORDS: usize = 300;
const RECORD: [u8; 256] = [7; 256];

/// How long it takes to write a record into a file that has room for it and to synchronise it, as a log does that
/// is used again: the median, in microseconds.
pub(crate) fn commit_micros(directory: &Path) -> Result<f64, Failure> {
    let what = format!("write to {}", directory.display());
    let mut file: File = tempfile::tempfile_in(directory).doing(&what)?;
    file.write_all(&RECORD.repeat(RECORDS)).and_then(|()| file.sync_all()).doing(&what)?;
    file.seek(SeekFrom::Start(0)).doing(&what)?;
    let mut times = Vec::with_capacity(RECORDS);
    for _ in 0..RECORDS {
        let begun = Instant::now();
        file.write_all(&RECORD).and_then(|()| file.sync_data()).doing(&what)?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    median(times.into_iter()).ok_or_else(|| Failure::new("nothing was written"))
}
