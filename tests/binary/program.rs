//! Starts the executable in a folder of its own, reads its first line, stops it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The executable as it ships, models inside (or beside it when cargo built it).
pub fn full() -> PathBuf {
    std::env::var_os("LLAMORA_BIN").map_or_else(|| env!("CARGO_BIN_EXE_llamora").into(), PathBuf::from)
}

/// The executable without models.
pub fn slim() -> PathBuf {
    std::env::var_os("LLAMORA_SLIM").map_or_else(|| env!("CARGO_BIN_EXE_llamora").into(), PathBuf::from)
}

/// True when what is tested is what ships.
pub fn is_dist() -> bool {
    std::env::var_os("LLAMORA_BIN").is_some()
}

/// Whether nothing else runs on this machine (`make bench`): only then times are judged closely.
pub fn is_quiet() -> bool {
    std::env::var_os("LLAMORA_TEST_QUIET").is_some()
}

/// The folder with models on this machine, if they were fetched.
pub fn models() -> Option<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let folder = std::env::var_os("LLAMORA_MODELS__DIR").map_or(checkout, PathBuf::from);
    folder.join(MODEL_FILE).exists().then_some(folder)
}

/// The language model's file in the models folder.
pub const MODEL_FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// True when replies can be had; otherwise says which test was skipped.
pub fn has_model(test: &str) -> bool {
    let has = cfg!(feature = "llama") && (is_dist() || models().is_some());
    if !has {
        println!("skipped {test}: needs the feature `llama` and the models (make models)");
    }
    has
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}

/// A place to run in: data folder, home, temporary folder and logs, all below one folder that goes away with it.
pub struct Place {
    root: TempDir,
    /// Executable and arguments that stand before the program's own.
    pub command: Vec<OsString>,
    pub env: Vec<(String, OsString)>,
    /// How long the first line may take.
    pub patience: Duration,
}

impl Place {
    /// With models.
    pub fn full() -> Place {
        let mut place = Place::with(&full());
        if !is_dist() {
            let folder = models().unwrap_or_else(|| place.path("no-models"));
            place.env("LLAMORA_MODELS__DIR", folder);
        }
        place
    }

    /// Without models: starts quickest, and nothing works in the background.
    pub fn slim() -> Place {
        let mut place = Place::with(&slim());
        place.env("LLAMORA_MODELS__DIR", place.path("no-models"));
        place
    }

    pub fn with(program: &Path) -> Place {
        let root = TempDir::new().unwrap();
        for folder in ["home", "tmp", "logs", "no-models"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        Place { root, command: vec![program.into()], env: Vec::new(), patience: Duration::from_secs(60) }
    }

    pub fn env(&mut self, name: &str, value: impl Into<OsString>) -> &mut Place {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The one file that the journal lives in.
    pub fn data_file(&self) -> PathBuf {
        self.path("data").join("journal.llamora")
    }

    /// The command line, with an environment that leads nowhere but here.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args(args).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        for name in
            ["XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"]
        {
            command.env(name, self.path("home").join(name));
        }
        command.current_dir(self.path("tmp"));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts `serve` on a free port and waits for its first line.
    pub fn start(&self) -> Running {
        let data = self.path("data");
        self.start_with(&["serve", "--port", "0", "--data", data.to_str().unwrap()])
    }

    pub fn start_with(&self, args: &[&str]) -> Running {
        let errors =
            std::fs::File::options().append(true).create(true).open(self.path("logs/stderr")).unwrap();
        let begun = Instant::now();
        let mut child = self.command(args).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let log = self.path("logs/stdout");
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(output);
            let mut first = String::new();
            let _ = lines.read_line(&mut first);
            let _ = send.send(first.clone());
            let mut rest = first.into_bytes();
            let _ = lines.read_to_end(&mut rest);
            let _ = std::fs::write(log, rest);
        });
        let first = receive.recv_timeout(self.patience).unwrap_or_default();
        let address =
            first.trim_end().strip_prefix("Listening on http://").and_then(|text| text.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the first line on stdout is {first:?}; stderr says:\n{}", self.errors());
        };
        Running { child: Some(child), address, begun }
    }

    /// Runs a command that is expected to fail by itself: exit code 1 or 2, a message on stderr, no panic.
    pub fn fails(&self, args: &[&str]) -> (i32, String) {
        self.fails_as(&mut self.command(args))
    }

    pub fn fails_as(&self, command: &mut Command) -> (i32, String) {
        let output = finish(command, Duration::from_secs(60));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        assert!(matches!(code, Some(1 | 2)), "ended with {}; stderr says:\n{errors}", output.status);
        assert!(!errors.trim().is_empty(), "says nothing on stderr");
        assert!(!panicked(&errors), "panicked:\n{errors}");
        (code.unwrap(), errors)
    }

    /// Fails when any of its runs panicked.
    pub fn assert_calm(&self) {
        assert!(!panicked(&self.errors()), "{}", self.errors());
    }

    /// What the program has said on stderr so far, over all its runs.
    pub fn errors(&self) -> String {
        let bytes = std::fs::read(self.path("logs/stderr")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// True when a log tells of a panic, in Rust's words or in the program's own.
pub fn panicked(log: &str) -> bool {
    ["panicked", "a request or task failed inside the program", "fatal runtime error", "GGML_ASSERT"]
        .iter()
        .any(|words| log.contains(words))
}

/// Runs a command to its end, or ends it when it takes too long.
pub fn finish(command: &mut Command, limit: Duration) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut stdout = Vec::new();
        let _ = out.read_to_end(&mut stdout);
        stdout
    });
    let errors = std::thread::spawn(move || {
        let mut stderr = Vec::new();
        let _ = err.read_to_end(&mut stderr);
        stderr
    });
    let status = wait(&mut child, limit).unwrap_or_else(|| {
        let _ = child.kill();
        child.wait().unwrap()
    });
    Output { status, stdout: reader.join().unwrap(), stderr: errors.join().unwrap() }
}

fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let give_up = Instant::now() + limit;
    while Instant::now() < give_up {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

/// A started program; killed when dropped.
pub struct Running {
    child: Option<Child>,
    pub address: SocketAddr,
    /// When the process was started.
    pub begun: Instant,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// kill -9.
    pub fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends SIGTERM.
    pub fn tell_to_stop(&self) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.id())).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM; how it ended and how long that took. Fails when it takes more than 15 s.
    pub fn stop(self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        self.tell_to_stop();
        (self.ended(), begun.elapsed())
    }

    /// Waits until it has ended by itself. Fails when that takes more than 15 s.
    pub fn ended(mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        if let Some(status) = wait(&mut child, Duration::from_secs(15)) {
            return status;
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("did not end within 15 s of SIGTERM");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
