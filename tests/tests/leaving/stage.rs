//! The machine on which a document is followed: a folder with the program, a service manager, nginx and the old application, whose
//! addresses take the place of the documented ones.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use countersign_tests::{
    databases::Database,
    program::{Sandbox, free_addresses},
    required::is_required,
};

use super::old;

/// Starts and ends the program as a service, and waits until it can serve. `sudo` and `nginx` are those of this machine.
const SYSTEMCTL: &str = r#"#!/bin/bash
case "$1 $2" in
    "start countersign")
        countersign serve >> serve.log 2>&1 &
        echo $! > serve.pid
        for try in {1..300}; do
            curl -sf "http://$ADDRESS/health/ready" > ready.log && exit 0
            sleep 0.1
        done
        exit 1 ;;
    "stop countersign") kill "$(cat serve.pid)" && rm serve.pid ;;
    *) exit 2 ;;
esac
"#;

/// The machine; dropping it ends what runs.
pub struct Stage {
    sandbox: Sandbox,
    path: String,
    address: String,
    /// What is documented, and what it is here.
    places: Vec<(&'static str, String)>,
}

impl Stage {
    /// Sets it: nginx runs, and has no site yet.
    pub fn set(nginx: &Path, source: &Database, target: &Database) -> Self {
        let mut sandbox = countersign_tests::sandbox!();
        // What a test waits for is not hashing.
        for (name, value) in [("DATABASE__WAIT", "20s"), ("PASSWORDS__MAX_WAIT", "120s")] {
            sandbox.set(&format!("COUNTERSIGN__{name}"), value);
        }
        let [own, proxy] = free_addresses();
        let places = vec![
            ("mysql://reader:secret@db/shop", source.url.clone()),
            ("postgres://countersign:secret@127.0.0.1/countersign", target.url.clone()),
            ("127.0.0.1:8000", own.to_string()),
            ("127.0.0.1:3001", old::application().to_string()),
            ("listen 80;", format!("listen {proxy};")),
            ("http://shop.example.org", format!("http://{proxy}")),
        ];
        let bin = sandbox.path("bin");
        fs::create_dir_all(&bin).unwrap();
        let folder = sandbox.folder().display().to_string();
        let program = |name: &str, text: &str| {
            fs::write(bin.join(name), text).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        };
        program("sudo", "#!/bin/bash\nexec \"$@\"\n");
        program("systemctl", SYSTEMCTL);
        program("countersign", "#!/bin/bash\nexec \"$COUNTERSIGN\" \"$@\"\n");
        let real = nginx.display();
        program("nginx", &format!("#!/bin/bash\nexec {real} -e {folder}/nginx.log -p {folder} -c nginx.conf \"$@\"\n"));
        let temporary = |place| format!("{place}_temp_path temp/{place};");
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(temporary).join("\n");
        for name in ["temp", "sites"] {
            fs::create_dir_all(sandbox.path(name)).unwrap();
        }
        sandbox.write(
            "nginx.conf",
            &format!(
                "user root;\nworker_processes 1;\npid nginx.pid;\nerror_log nginx.log;\nevents {{}}\n\
                 http {{\naccess_log off;\n{temporary}\ninclude sites/*.conf;\n}}\n"
            ),
        );
        sandbox.write(".environment", "");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let stage = Self { sandbox, path, address: own.to_string(), places };
        let (code, said) = stage.run("nginx");
        assert_eq!(code, 0, "{said}");
        stage
    }

    fn real(&self, documented: &str) -> String {
        self.places.iter().fold(documented.to_owned(), |text, (documented, real)| text.replace(documented, real))
    }

    /// What a command printed, in the document's words.
    pub fn as_documented(&self, said: &str) -> String {
        // Reports name a database without its user.
        let bare = |url: &str| match url.split_once("://") {
            Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, rest)| rest)),
            None => url.to_owned(),
        };
        let (documented, real) = &self.places[0];
        let said = said.replace(&bare(real), &bare(documented));
        self.places.iter().fold(said, |text, (documented, real)| text.replace(real, documented))
    }

    /// Writes a file of the document.
    pub fn write(&self, name: &str, text: &str) {
        self.sandbox.write(name, &(self.real(text) + "\n"));
    }

    /// Runs a piece of shell in the folder, with the variables that those before it have exported; the exit code, and what it
    /// printed on both outputs.
    pub fn run(&self, documented: &str) -> (i32, String) {
        let script = format!("set -e\n. ./.environment\n{}\nexport -p > .environment\n", self.real(documented));
        let mut command = Command::new("bash");
        command.arg("-c").arg(format!("exec 2>&1\n{script}")).env_clear();
        self.sandbox.entrust(&mut command);
        command.env("PATH", &self.path).env("ADDRESS", &self.address);
        let output = command.output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
    }

    /// What the server and nginx logged, for whoever looks for a mistake.
    pub fn log(&self) -> String {
        ["serve.log", "nginx.log"]
            .map(|name| fs::read_to_string(self.sandbox.path(name)).unwrap_or_default())
            .join("\n")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for file in ["serve.pid", "nginx.pid"] {
            if let Ok(pid) = fs::read_to_string(self.sandbox.path(file)) {
                let _ = Command::new("kill").arg(pid.trim()).status();
            }
        }
    }
}

/// Where a program is; `None`, told on standard error, if it is not there and need not be.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    let found = folders.map(|folder| Path::new(folder).join(program)).find(|file| file.is_file());
    if found.is_none() {
        assert!(!is_required(program), "{program} is not installed");
        let missing = format!("NOT RUN: the documents, because {program} is not installed\n");
        std::io::stderr().write_all(missing.as_bytes()).unwrap();
    }
    found
}
