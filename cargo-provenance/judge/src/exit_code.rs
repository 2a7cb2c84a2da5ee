//! The exit codes, in one place. They are the same for every output format; `docs/exit-codes.md` is rendered from here.

use crate::report::Outcome;
use crate::report::failure::Kind;

/// A number that the program can end with, and what it tells a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitCode {
    /// The number.
    pub number: u8,
    /// The name, as `outcome` of the JSON summary has it where a report was made.
    pub name: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// What to do about it, in one sentence.
    pub remedy: &'static str,
}

/// Everything that was asked for holds.
pub const FINE: ExitCode = ExitCode {
    number: 0,
    name: "fine",
    meaning: "Everything that was asked for holds, or was done.",
    remedy: "Nothing; what was not checked is listed on the screen.",
};

/// The policy refused.
pub const REFUSED: ExitCode = ExitCode {
    number: 1,
    name: "refused",
    meaning: "The policy refused: a finding denies, or waits for a person to accept it. Nothing was changed.",
    remedy: "Read the findings; each says what to do next.",
};

/// The command line, the policy, the manifest, the lockfile or a configuration file is not acceptable.
pub const USAGE: ExitCode = ExitCode {
    number: 2,
    name: "usage",
    meaning: "The command line, `Provenance.toml`, `Provenance.lock`, `Cargo.lock` or a configuration file is not acceptable.",
    remedy: "Correct what the error names; it gives file and line.",
};

/// No verdict could be reached.
pub const UNDECIDED: ExitCode = ExitCode {
    number: 3,
    name: "undecided",
    meaning: "No verdict could be reached: something is missing, unreadable or offline, or the program has a bug.",
    remedy: "Provide what the error names and run again; never treat this as a pass.",
};

/// Manifest, lockfile and sources disagree.
pub const DRIFT: ExitCode = ExitCode {
    number: 4,
    name: "drift",
    meaning: "Manifest, lockfile, cargo configuration and sources on disk do not agree.",
    remedy: "Look at `cargo provenance diff`; restore with `cargo provenance verify --repair`, or vet and pin with `cargo provenance pin`.",
};

/// A signature or a key did not hold.
pub const DISTRUSTED: ExitCode = ExitCode {
    number: 5,
    name: "distrusted",
    meaning: "A signature or a key did not hold.",
    remedy: "Find out who changed the manifest, the commit or the artifact before anything is built from it or started.",
};

/// A program that was run under the guard did not succeed. The number is the program's own.
const PROGRAM: ExitCode = ExitCode {
    number: 101,
    name: "program",
    meaning: "A program that was run under the guard ended with this code.",
    remedy: "Read what the program printed.",
};

/// Every exit code of this program, ascending.
pub const ALL: [ExitCode; 6] = [FINE, REFUSED, USAGE, UNDECIDED, DRIFT, DISTRUSTED];

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => FINE,
            Outcome::Refused => REFUSED,
            Outcome::Undecided => UNDECIDED,
            Outcome::Drift => DRIFT,
            Outcome::Distrusted => DISTRUSTED,
            Outcome::Program(number) => ExitCode { number, ..PROGRAM },
        }
    }
}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Distrusted => DISTRUSTED,
            Kind::Refused => REFUSED,
            Kind::Usage => USAGE,
            Kind::Undecided | Kind::Bug => UNDECIDED,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number)
    }
}

/// The reference page, `docs/exit-codes.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Exit codes\n\n\
         <!-- Rendered from `judge/src/exit_code.rs`. -->\n\n\
         The same for every command and every `--message-format`. A code is never a sum of others: where several would\n\
         fit, the conclusion on the last line of the screen says which one decided. Commands that run a program (`build`,\n\
         `test`, `run`, `bench`, `clippy`, `exec`) end with that program's own code where it fails: 101 where cargo does.\n\n\
         | code | name | meaning | what to do |\n\
         |---:|---|---|---|\n",
    );
    for code in ALL {
        page.push_str(&format!("| {} | {} | {} | {} |\n", code.number, code.name, code.meaning, code.remedy));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_from_zero_and_only_fine_is_zero() {
        for (expected, code) in ALL.iter().enumerate() {
            assert_eq!(usize::from(code.number), expected, "{}", code.name);
        }
        assert_eq!(FINE.number, 0);
    }

    #[test]
    fn the_page_is_current() {
        snapbox::assert_data_eq!(page(), snapbox::file!["../../docs/exit-codes.md"].raw());
    }
}
