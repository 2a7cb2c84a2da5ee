//! `cargo provenance verify-artifact`

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::Context;
use crate::ops::verify_artifact::{self, Emit, Options};
use crate::report::Report;
use crate::report::failure::Failure;

/// Check before use what was attested of artifacts
///
/// Opens and hashes each file once, and holds the signed attestations about it against a policy of whoever deploys it: which keys
/// count, for which builders, and what must have been built from what. Needs no workspace, no cargo, no home and no network. Ends
/// with exit code 0 only if everything that the policy requires is there for every file; with 5 where a signature or a key does
/// not hold.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// The artifacts
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// A bundle of attestations, JSON lines or one envelope; may be given several times [default: the file's name with
    /// `.intoto.jsonl`]
    #[arg(short, long, value_name = "FILE")]
    attestation: Vec<PathBuf>,

    /// The policy; from outside of any repository, since whoever can change it decides
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// The artifact of the policy that the files are, where their names do not say
    #[arg(long, value_name = "NAME")]
    artifact: Option<String>,

    /// Write what was found as a signed verification summary (VSA), passed or failed
    #[arg(long, value_name = "FILE", requires = "key", requires = "verifier_id")]
    emit_vsa: Option<PathBuf>,

    /// The key that signs the summary: its file, or the public key of one that the ssh-agent holds
    #[arg(short, long, value_name = "FILE", requires = "emit_vsa")]
    key: Option<PathBuf>,

    /// Who verifies, as the summary says it
    #[arg(long, value_name = "URI", requires = "emit_vsa")]
    verifier_id: Option<String>,

    /// Take the passphrase from the first line of a file
    #[arg(long, value_name = "FILE", requires = "emit_vsa")]
    passphrase_file: Option<PathBuf>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let all = |paths: &[PathBuf]| {
            paths.iter().map(|path| context.environment.absolute(path)).collect::<Result<Vec<_>, _>>()
        };
        let options = Options {
            files: all(&self.files)?,
            attestations: all(&self.attestation)?,
            policy: context.environment.absolute(&self.policy)?,
            artifact: self.artifact,
        };
        let clock = context.environment.clock();
        let (Some(file), Some(key), Some(verifier)) = (self.emit_vsa, self.key, self.verifier_id) else {
            return verify_artifact::run(&options, clock, None);
        };
        let (file, key) = (context.environment.absolute(&file)?, context.environment.absolute(&key)?);
        let agent = context.environment.agent()?;
        context.with_passphrase(self.passphrase_file.as_deref(), |passphrase| {
            verify_artifact::run(&options, clock, Some(Emit { file, key, verifier, agent, passphrase }))
        })
    }
}
