//! `cargo xtask demo`: the gate at work on the real registry, in a workspace that is thrown away.
//!
//! Each step is shown as the command and what it prints, and the demo fails where a step does not do what it should.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::repository::{self, Failure};
use crate::scratch::Scratch;

/// A version without dependencies, old enough for any policy.
const EDITED: &str = "itoa-1.0.15";

const MAIN: &str = "\
fn main() {
    println!(\"the answer is {}\", itoa::Buffer::new().format(42));
}
";

/// Shows every step.
pub(crate) fn run() -> Result<(), Failure> {
    println!("Building the tool");
    let tool = repository::build_tool("dev")?;
    let folder =
        tempfile::tempdir().map_err(|error| Failure::new(format!("no temporary folder: {error}")))?;
    let demo = Demo::new(folder.path(), &tool)?;
    demo.enter()?;
    demo.build()?;
    demo.attack()?;
    demo.repair()?;
    println!("\nEverything did what it should.");
    Ok(())
}

/// The workspace of the demo.
struct Demo {
    scratch: Scratch,
    app: PathBuf,
}

impl Demo {
    fn new(folder: &Path, tool: &Path) -> Result<Self, Failure> {
        Ok(Self { scratch: Scratch::new(folder, tool)?, app: folder.join("app") })
    }

    // A new package comes behind the gate, and dependencies enter through it.
    fn enter(&self) -> Result<(), Failure> {
        say("A new package");
        let above = self.app.parent().unwrap_or(&self.app);
        self.cargo_in(above, &["new", "--quiet", "--vcs", "none", "app"])?.exits_with(0)?;

        say("Put it behind the gate; every program of it gets the build helper");
        let helper = repository::root().join("provenance-build");
        let helper = helper.to_string_lossy();
        self.cargo(&["provenance", "init", "--build-helper", "--helper-path", &helper])?.exits_with(0)?;

        self.advisories()?;

        say("A dependency enters: proven, pinned, and only then written to Cargo.toml");
        self.cargo(&["provenance", "add", "itoa@=1.0.15"])?.exits_with(0)?.wrote(
            &self.app,
            "Cargo.toml",
            "itoa",
        )?;

        say("Another one, with what it brings along");
        let added = self.cargo(&["provenance", "add", "serde", "--features", "derive"])?;
        if added.code == Some(1) {
            println!(
                "(Refused: something in that graph is younger than the policy allows today. Nothing was changed.)"
            );
            added.left_alone(&self.app, "Cargo.toml", "serde")
        } else {
            added.exits_with(0)?.wrote(&self.app, "Provenance.lock", "\"serde_derive\"")
        }
    }

    // Without the network to the host of the database, only that part is left out of the demo, and said.
    fn advisories(&self) -> Result<(), Failure> {
        say("Fetch the database of known vulnerabilities");
        if self.cargo(&["provenance", "db", "update"])?.code == Some(0) {
            return Ok(());
        }
        println!(
            "(It cannot be reached from here. Nothing would enter; so this demo's policy names no database,"
        );
        println!("and advisories are NOT judged in what follows.)");
        let policy = self.app.join("Provenance.toml");
        let text = repository::read(&policy)?.replacen("[advisories]\n", "[advisories]\ndatabases = []\n", 1);
        repository::write(&policy, &text)?;
        self.cargo(&["provenance", "pin"])?.exits_with(0).map(drop)
    }

    fn build(&self) -> Result<(), Failure> {
        say("Use it, and build as always: build.rs compares every source with its pin");
        repository::write(&self.app.join("src/main.rs"), MAIN)?;
        self.cargo(&["run", "--quiet"])?.exits_with(0)?.prints("the answer is 42")?;
        self.cargo(&["provenance", "verify"])?.exits_with(0).map(drop)
    }

    // What cargo itself would not notice.
    fn attack(&self) -> Result<(), Failure> {
        say("Somebody edits the source of a dependency in the cargo home");
        let file = self.scratch.source_of(EDITED)?.join("src/lib.rs");
        let text = repository::read(&file)?;
        repository::write(&file, &format!("{text}\n/// Planted.\npub fn planted() {{}}\n"))?;
        println!("$ echo 'pub fn planted() {{}}' >> $CARGO_HOME/registry/src/*/{EDITED}/src/lib.rs");

        say("The build is refused");
        self.cargo(&["build"])?.fails()?.prints("itoa")?;
        say("The tool says the same, with exit code 4, and shows the edit");
        self.cargo(&["provenance", "verify"])?.exits_with(4)?.prints("itoa")?;
        self.cargo(&["provenance", "diff", "itoa"])?.prints("planted").map(drop)
    }

    fn repair(&self) -> Result<(), Failure> {
        say("Restore it from the archive that the pin proves, and build");
        self.cargo(&["provenance", "verify", "--repair"])?.exits_with(0)?;
        self.cargo(&["run"])?.exits_with(0)?.prints("the answer is 42")?;
        say("Prove everything again, from the registry's index on");
        self.cargo(&["provenance", "verify", "--full"])?.exits_with(0).map(drop)
    }

    fn cargo(&self, arguments: &[&str]) -> Result<Shown, Failure> {
        self.cargo_in(&self.app, arguments)
    }

    fn cargo_in(&self, directory: &Path, arguments: &[&str]) -> Result<Shown, Failure> {
        show(self.scratch.cargo(directory).args(arguments))
    }
}

/// A command that ran, with what it printed.
struct Shown {
    line: String,
    code: Option<i32>,
    text: String,
}

impl Shown {
    fn exits_with(self, code: i32) -> Result<Self, Failure> {
        if self.code == Some(code) {
            return Ok(self);
        }
        Err(Failure::new(format!(
            "`{}` should have ended with exit code {code}, not {:?}",
            self.line, self.code
        )))
    }

    fn fails(self) -> Result<Self, Failure> {
        if self.code != Some(0) {
            return Ok(self);
        }
        Err(Failure::new(format!("`{}` should have failed", self.line)))
    }

    fn prints(self, what: &str) -> Result<Self, Failure> {
        if self.text.contains(what) {
            return Ok(self);
        }
        Err(Failure::new(format!("`{}` should have printed `{what}`", self.line)))
    }

    fn wrote(self, folder: &Path, file: &str, what: &str) -> Result<(), Failure> {
        if repository::read(&folder.join(file))?.contains(what) {
            return Ok(());
        }
        Err(Failure::new(format!("`{}` should have written `{what}` to `{file}`", self.line)))
    }

    fn left_alone(self, folder: &Path, file: &str, what: &str) -> Result<(), Failure> {
        if repository::read(&folder.join(file))?.contains(what) {
            return Err(Failure::new(format!(
                "`{}` should not have written `{what}` to `{file}`",
                self.line
            )));
        }
        Ok(())
    }
}

fn say(what: &str) {
    println!("\n# {what}");
}

fn show(command: &mut Command) -> Result<Shown, Failure> {
    let line = repository::line(command);
    println!("$ {line}");
    let output = command.output().map_err(|error| repository::not_started(command, &error))?;
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{text}");
    if let Some(code) = output.status.code().filter(|code| *code != 0) {
        println!("[exit code {code}]");
    }
    Ok(Shown { line, code: output.status.code(), text })
}
