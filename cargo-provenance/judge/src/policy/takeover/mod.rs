//! Takes over what a team decided in other tools' files: cargo-deny's `deny.toml` and cargo-audit's `audit.toml`. Pure.
//!
//! Every key is either translated or left with the reason, never passed over. A file that is not what its tool reads is an error:
//! half of a policy is none.

mod audit;
mod deny;
mod taken;
mod taking;

pub use taken::{Ignored, Left, Sourced, Taken};
pub use taking::NO_REASON;

use std::path::Path;

use toml_span::value::Table;

use super::reader::{Reader, Result};
use super::{Known, POLICY_BYTES, PolicyError, PolicyErrorKind};
use taking::Taking;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// cargo-audit.
    Audit,
    /// cargo-deny.
    Deny,
    /// cargo-deny, which has a file of its own for licenses of single packages.
    DenyExceptions,
}

impl Tool {
    /// Each, in the order in which their files are read.
    pub const ALL: [Self; 3] = [Self::Deny, Self::DenyExceptions, Self::Audit];

    /// Where the tool looks for its file in a workspace, in this order. Only the first counts for it.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Self::Audit => &[".cargo/audit.toml"],
            Self::Deny => &["deny.toml", ".deny.toml", ".cargo/deny.toml"],
            Self::DenyExceptions => {
                &["deny.exceptions.toml", ".deny.exceptions.toml", ".cargo/deny.exceptions.toml"]
            }
        }
    }
}

/// Takes over a file; `name` is its path relative to the workspace root. `catalogue` lists the checks that a policy can set.
pub fn take(tool: Tool, text: &str, name: &str, catalogue: &[Known]) -> Result<Taken> {
    let file = Path::new(name);
    let help = format!(
        "correct it, or move it away to begin without what it says: `{name}` is taken over by `init`"
    );
    let with_help = |error: PolicyError| PolicyError { help: help.clone(), ..error };
    let reader = Reader { text, file };
    if text.len() > POLICY_BYTES {
        let what = format!("has {} bytes, and at most {POLICY_BYTES} are read", text.len());
        let kind = PolicyErrorKind::Invalid;
        return Err(PolicyError { file: file.to_owned(), line: 0, kind, what, help });
    }
    let table = parse(&reader).map_err(with_help)?;
    let mut taking = Taking::new(reader, name, catalogue);
    match tool {
        Tool::Audit => audit::take(&mut taking, table),
        Tool::Deny => deny::take(&mut taking, table),
        Tool::DenyExceptions => deny::take_exceptions(&mut taking, table),
    }
    .map_err(with_help)?;
    Ok(taking.done())
}

fn parse<'t>(reader: &Reader<'t>) -> Result<Table<'t>> {
    let whole = toml_span::Span::new(0, 0);
    let mut root = toml_span::parse(reader.text).map_err(|error| {
        let start = error.span.start.min(reader.text.len());
        let at = toml_span::Span::new(start, start);
        reader.invalid(at, &super::reader::quoted(&error.to_string()), "")
    })?;
    reader.table(&mut root, whole, "file")
}

#[cfg(test)]
mod tests;
