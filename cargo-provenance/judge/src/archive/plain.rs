//! A tar archive that is no package: of this program's own making, and on its way through anybody's hands.

use std::ops::Range;

use super::fault::{Fault, Faults};
use super::limits::Limits;
use super::{path, walk};

/// Lists the regular files of a tar archive that all lie below `root`: the path of each below that, and where its bytes are.
///
/// # Errors
///
/// Every doubt, as for packages: links, paths that lead elsewhere or to the same place, headers that can be understood in two
/// ways.
pub fn files(tar: &[u8], root: &str) -> Result<Vec<(String, Range<usize>)>, Vec<Fault>> {
    let limits = &Limits::DEFAULT;
    let (mut faults, mut remarks) = (Faults::new(limits), Faults::new(limits));
    let mut files = vec![];
    for member in walk::members(tar, limits, &mut faults) {
        match path::relative(&member.path, root, limits, &mut remarks) {
            Ok(path) => files.push((path, member.content)),
            Err(fault) => faults.push(fault),
        }
    }
    path::collisions(files.iter().map(|(path, _)| path.as_str()), &mut faults);
    match faults.is_empty() {
        true => Ok(files),
        false => Err(faults.into_vec()),
    }
}
