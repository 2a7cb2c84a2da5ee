//! `verify-artifact` of a large file against `sha256sum` of the same.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Plan;
use super::timing::{in_turn, show, show_result};
use crate::repository::{self, Failure};

/// Bytes of the artifact: as many as a large program has.
const BYTES: usize = 100 * 1024 * 1024;

/// Measures and shows. What was attested is somebody else's, so that the answer is a refusal, after the same work.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let folder = plan.cache.join("artifact");
    let server = folder.join("server");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file("create", &folder, &error))?;
    // Not zeros, which some file systems do not store.
    let bytes = (0..BYTES).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>();
    std::fs::write(&server, bytes).map_err(|error| Failure::file("write", &server, &error))?;
    repository::remove(&folder.join("key"))?;
    let mut keygen = command(tool, &folder);
    keygen.args(["keygen", "--no-passphrase", "--comment", "bench", "--output", "key"]).stderr(Stdio::null());
    let public = repository::output(&mut keygen)?;
    let policy = format!(
        "version = 1\n[[root]]\nkey = {:?}\nbuilder = \"https://example.org/builder\"\n\
         [[artifact]]\nname = \"server\"\nsource = \"git+https://example.org/server\"\n",
        public.trim()
    );
    repository::write(&folder.join("deploy.toml"), &policy)?;
    repository::write(&folder.join("server.intoto.jsonl"), "{}\n")?;
    println!("artifact: a file of {} MB", BYTES / 1_000_000);

    let mut verify = || {
        let mut verify = command(tool, &folder);
        verify
            .args(["verify-artifact", "server", "--policy", "deploy.toml", "--quiet"])
            .stderr(Stdio::null());
        match verify.status().map_err(|error| repository::not_started(&verify, &error))?.code() {
            Some(5) => Ok(()),
            other => Err(Failure::new(format!("`verify-artifact` ended with {other:?}"))),
        }
    };
    let mut bare = || {
        repository::succeed(
            Command::new("sha256sum").arg("server").current_dir(&folder).stdout(Stdio::null()),
        )
    };
    let [verify, bare] = in_turn(plan.runs, [&mut verify, &mut bare])?;
    show("cargo-provenance verify-artifact", &verify);
    show("sha256sum", &bare);
    show_result("ratio of the medians", verify.median() / bare.median(), "", "at most 1.5");
    show_result("ratio of the fastest", verify.fastest() / bare.fastest(), "", "at most 1.5");
    Ok(())
}

fn command(tool: &Path, folder: &Path) -> Command {
    let mut command = Command::new(tool);
    command.current_dir(folder);
    command
}
