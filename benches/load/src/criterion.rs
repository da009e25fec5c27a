//! What criterion has measured: `benchmark.json` and `estimates.json` below `target/criterion`.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::failure::{Doing, Failure};

/// One benchmark.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Benchmark {
    pub(crate) group: String,
    pub(crate) function: String,
    /// The parameter, where it is a number.
    pub(crate) size: f64,
    /// The median time of one iteration, in nanoseconds, for each of what it counts.
    pub(crate) nanos: f64,
}

#[derive(Debug, Deserialize)]
struct Id {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Debug, Deserialize)]
enum Throughput {
    Elements(u64),
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// Reads every benchmark with a number for a parameter; none if there is no such folder.
pub(crate) fn read(folder: &Path) -> Result<Vec<Benchmark>, Failure> {
    let mut benchmarks = Vec::new();
    if folder.is_dir() {
        visit(folder, &mut benchmarks)?;
    }
    let key = |it: &Benchmark| (it.group.clone(), it.function.clone());
    benchmarks.sort_by(|a, b| key(a).cmp(&key(b)).then(a.size.total_cmp(&b.size)));
    Ok(benchmarks)
}

fn visit(folder: &Path, benchmarks: &mut Vec<Benchmark>) -> Result<(), Failure> {
    let what = format!("read {}", folder.display());
    for entry in fs::read_dir(folder).doing(&what)? {
        let path = entry.doing(&what)?.path();
        // Each has a folder `new` beside those of earlier runs.
        if path.file_name().is_some_and(|name| name == "new") {
            benchmarks.extend(one(&path)?);
        } else if path.is_dir() {
            visit(&path, benchmarks)?;
        }
    }
    Ok(())
}

fn one(folder: &Path) -> Result<Option<Benchmark>, Failure> {
    let what = format!("read {}", folder.display());
    let file = |name| fs::read(folder.join(name)).doing(&what);
    let id: Id = serde_json::from_slice(&file("benchmark.json")?).doing(&what)?;
    let estimates: Estimates = serde_json::from_slice(&file("estimates.json")?).doing(&what)?;
    let Some(size) = id.value_str.and_then(|value| value.parse().ok()) else { return Ok(None) };
    let elements = match id.throughput {
        Some(Throughput::Elements(count)) => count as f64,
        _ => 1.0,
    };
    Ok(Some(Benchmark {
        group: id.group_id,
        function: id.function_id.unwrap_or_default(),
        size,
        nanos: estimates.median.point_estimate / elements,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benchmark_is_read_with_its_time_for_each_element() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("decisions/100 resources/1000/new");
        fs::create_dir_all(&new).unwrap();
        let id = r#"{"group_id":"decisions","function_id":"100 resources","value_str":"1000",
                     "throughput":{"Elements":2},"full_id":"x","directory_name":"x","title":"x"}"#;
        fs::write(new.join("benchmark.json"), id).unwrap();
        let estimates = r#"{"mean":{"point_estimate":9.0},"median":{"point_estimate":3000.0}}"#;
        fs::write(new.join("estimates.json"), estimates).unwrap();
        let expected = Benchmark {
            group: "decisions".to_owned(),
            function: "100 resources".to_owned(),
            size: 1000.0,
            nanos: 1500.0,
        };
        assert_eq!(read(folder.path()).unwrap(), [expected]);
        assert_eq!(read(&folder.path().join("nothing")).unwrap(), []);
    }
}
