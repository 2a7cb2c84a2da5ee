//! `verify` against a bare hash of the same files by two processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::graph::Files;
use super::timing::{in_turn, show, show_result};
use super::{Plan, graph};
use crate::repository::{self, Failure};

/// Bytes of file names that one process is given: below the 2 MiB that Linux allows for arguments and environment
/// with its default stack limit.
const ARGUMENT_BYTES: usize = 1_200_000;

/// Measures and shows.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let graph = graph::prepare(plan, tool)?;
    let b3sum = b3sum(plan)?;
    let registries = graph.files()?;
    let files = registries.iter().map(|registry| registry.files.len()).sum::<usize>();
    let bytes = registries.iter().flat_map(|registry| &registry.files).map(|(_, size)| size).sum::<u64>();
    println!("verify: {} packages, {files} files, {} MB", graph.packages, bytes / 1_000_000);

    let halves = registries.iter().flat_map(halves).collect::<Vec<_>>();
    let mut bare = || hash(&b3sum, &halves);
    let mut verify = || {
        repository::succeed(
            graph.scratch.command(tool, &graph.root).args(["verify", "--quiet"]).stdout(Stdio::null()),
        )
    };
    let [verify, bare] = in_turn(plan.runs, [&mut verify, &mut bare])?;
    show("cargo-provenance verify", &verify);
    show("two processes of b3sum, the same files", &bare);
    show_result("ratio of the medians", verify.median() / bare.median(), "", "at most 1.5");
    show_result("ratio of the fastest", verify.fastest() / bare.fastest(), "", "at most 1.5");
    Ok(())
}

// Two lists of about the same number of bytes; files go to the lighter one, largest first.
fn halves(all: &Files) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let mut sorted = all.files.iter().collect::<Vec<_>>();
    sorted.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut halves = [(0, vec![]), (0, vec![])];
    for (file, size) in sorted {
        let lighter = usize::from(halves[1].0 < halves[0].0);
        // Opening a file costs as much as reading some 10 kB.
        halves[lighter].0 += size + 10_000;
        halves[lighter].1.push(file.clone());
    }
    halves
        .into_iter()
        .map(|(_, mut files)| {
            files.sort();
            (all.folder.clone(), files)
        })
        .collect()
}

// All lists at once, one process each.
fn hash(b3sum: &Path, lists: &[(PathBuf, Vec<PathBuf>)]) -> Result<(), Failure> {
    std::thread::scope(|scope| {
        let running = lists.iter().map(|list| scope.spawn(|| hash_list(b3sum, list))).collect::<Vec<_>>();
        running.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Failure::new("a thread that waits for b3sum panicked")))
        })
    })
}

fn hash_list(b3sum: &Path, (folder, files): &(PathBuf, Vec<PathBuf>)) -> Result<(), Failure> {
    let mut rest = files.as_slice();
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take_while(|file| {
                bytes += file.as_os_str().len() + 9;
                bytes < ARGUMENT_BYTES
            })
            .count()
            .max(1);
        let (now, later) = rest.split_at(fitting);
        let mut command = Command::new(b3sum);
        command.arg("--").args(now).current_dir(folder).stdout(Stdio::null());
        let status =
            command.status().map_err(|error| Failure::new(format!("could not start b3sum: {error}")))?;
        if !status.success() {
            return Err(Failure::new(format!("b3sum failed: {status}")));
        }
        rest = later;
    }
    Ok(())
}

/// b3sum, built once into the cache.
pub(super) fn b3sum(plan: &Plan) -> Result<PathBuf, Failure> {
    let folder = plan.cache.join("tools");
    let program = folder.join("bin").join(format!("b3sum{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        println!("Building b3sum");
        let mut install = repository::cargo();
        install.args(["install", "--quiet", "--locked", "b3sum", "--root"]).arg(&folder);
        // Away from this repository, whose configuration is not meant for it.
        install.current_dir(&plan.cache).env("CARGO_TARGET_DIR", plan.cache.join("tools-target"));
        repository::succeed(&mut install)?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_hold_every_file_once() {
        let files = (0..101).map(|n| (PathBuf::from(n.to_string()), n * 1_000)).collect::<Vec<_>>();
        let halves = halves(&Files { folder: PathBuf::from("x"), files: files.clone() });
        let mut all = halves.iter().flat_map(|(_, files)| files.clone()).collect::<Vec<_>>();
        all.sort();
        let mut expected = files.into_iter().map(|(file, _)| file).collect::<Vec<_>>();
        expected.sort();
        assert_eq!(all, expected);
    }
}
