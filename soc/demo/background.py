"""Ordinary work at the demo company: what happens all day and must not alert.

It also gives new-terms rules their history: who signs in from where, which program writes keys, which service reads
which secret. What recurs here is known; stories bring what is new.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime

from soc.demo.company import Company, Duty, Os
from soc.demo.ecs import ROOT, Account, Document, dns_event, file_event, network_event, process_event
from soc.demo.stories.cloud import entra_sign_in, secret_read
from soc.demo.stories.linux import BACKUP, CI, WWW
from soc.demo.stories.network import flow
from soc.demo.stories.story import Scene
from soc.demo.stories.windows import logon_event

Habit = Callable[[Scene], Sequence[Document]]

_SITES = ("www.tidewater.example", "packages.tidewater.example", "api.payments.example", "cdn.news.example")


def _ci_job(scene: Scene) -> list[Document]:
    machine = scene.pick(Duty.CI)
    runner = scene.service(machine, "/usr/local/bin/gitlab-runner", "gitlab-runner", "run")
    folder = f"/builds/{scene.rng.choice(('core', 'shop', 'infra'))}"
    job = scene.under(
        runner, "/bin/bash", "bash", f"/builds/job-{scene.rng.randrange(2_000, 9_000)}.sh", user=CI, directory=folder
    )
    steps = scene.rng.sample(("make", "git", "cc", "pytest", "docker", "npm", "tar"), 3)
    children = [job.child(f"/usr/bin/{step}", step, "-q", after=2.0 * number) for number, step in enumerate(steps, 1)]
    artefact = file_event(children[-1], f"{folder}/out/build-{scene.rng.randrange(900)}.tar.gz", after=3.0)
    return [*map(process_event, (job, *children)), artefact]


def _web_request_work(scene: Scene) -> list[Document]:
    machine = scene.pick(Duty.WEB)
    pool = scene.service(machine, "/usr/sbin/php-fpm8.2", "php-fpm: pool shop", user=WWW)
    database = scene.rng.choice(scene.company.of(Duty.DATABASE))
    worker = scene.under(pool, "/usr/bin/php8.2", "php8.2", "/srv/shop/artisan", "queue:work")
    return [process_event(worker), network_event(worker, database.ip, 5432, protocol="postgresql")]


def _cron(scene: Scene) -> list[Document]:
    machine = scene.rng.choice([machine for machine in scene.company.machines if machine.os is Os.LINUX])
    cron = scene.service(machine, "/usr/sbin/cron", "/usr/sbin/cron -f")
    script = scene.rng.choice(("/usr/local/bin/report", "/usr/sbin/logrotate", "/usr/bin/find", "/usr/bin/certbot"))
    shell = scene.under(cron, "/bin/sh", "sh", "-c", script)
    child = shell.child(script, script, after=0.2)
    return [*map(process_event, (shell, child)), file_event(child, f"/var/log/{child.name}.log", "modification")]


def _admin_session(scene: Scene) -> list[Document]:
    shell = scene.shell_of(scene.somebody(), scene.pick(Duty.BASTION, Duty.WEB, Duty.DATABASE, Duty.CLUSTER))
    words = scene.rng.sample(("ls", "ps", "tail", "vim", "journalctl", "df", "systemctl", "ssh"), 3)
    typed = [shell.child(f"/usr/bin/{word}", word, after=6.0 * number) for number, word in enumerate(words, 1)]
    return [*map(process_event, (shell, *typed))]


def _office_work(scene: Scene) -> list[Document]:
    machine = scene.pick(Duty.OFFICE)
    person = machine.owner or scene.somebody()
    account = Account(person.login, f"S-1-5-21-4021-7781-{person.uid}", "TIDEWATER")
    desktop = scene.service(machine, "C:\\Windows\\explorer.exe", "explorer.exe", user=account)
    program = scene.rng.choice(
        (
            "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
            "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE",
            "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
            "C:\\Windows\\System32\\notepad.exe",
        )
    )
    opened = scene.under(desktop, program)
    document = file_event(opened, f"C:\\Users\\{person.login}\\Documents\\note-{scene.rng.randrange(400)}.docx")
    return [process_event(opened), dns_event(opened, scene.rng.choice(_SITES)), document]


def _developer_work(scene: Scene) -> list[Document]:
    machine = scene.pick(Duty.DEVELOPER, os=Os.LINUX)
    shell = scene.shell_of(machine.owner or scene.somebody(), machine)
    tools = scene.rng.sample(("git", "code", "python3", "node", "grep", "make"), 2)
    typed = [shell.child(f"/usr/bin/{tool}", tool, after=9.0 * number) for number, tool in enumerate(tools, 1)]
    return [*map(process_event, typed), network_event(typed[0], "198.51.100.80", 443, protocol="tls")]


def _sign_in(scene: Scene) -> list[Document]:
    person = scene.somebody()
    return [entra_sign_in(scene, person, person.country, person.home)]


def _failed_sign_in(scene: Scene) -> list[Document]:
    person = scene.somebody()
    return [entra_sign_in(scene, person, person.country, person.home, outcome="failure")]


def _share(scene: Scene) -> list[Document]:
    files = scene.company.by_name["files-01"]
    desk = scene.pick(Duty.OFFICE)
    return [flow(scene, desk, files.ip, 445), logon_event(scene, desk.owner or scene.somebody(), files, "Network")]


def _traffic(scene: Scene) -> list[Document]:
    return [flow(scene, scene.rng.choice(scene.company.machines), "198.51.100.80", 443)]


def _support(scene: Scene) -> list[Document]:
    administrator = scene.company.person(scene.rng.choice(("gnowak", "ijovanovic")))
    return [logon_event(scene, administrator, scene.pick(Duty.DIRECTORY))]


def _secrets(scene: Scene) -> list[Document]:
    return [secret_read(scene, scene.rng.choice(("svc-shop", "svc-billing", "svc-report", "svc-mail")))]


def _keys_by_configuration(scene: Scene) -> list[Document]:
    machine = scene.pick(Duty.BASTION, Duty.CI, Duty.DATABASE)
    agent = scene.service(machine, "/opt/puppetlabs/puppet/bin/ruby", "puppet agent")
    return [
        file_event(
            scene.under(agent, "/opt/puppetlabs/puppet/bin/ruby", "puppet agent: applying"),
            "/home/deploy/.ssh/authorized_keys",
            "modification",
        )
    ]


def _backup(scene: Scene) -> list[Document]:
    nas = scene.company.by_name["nas-01"]
    cron = scene.service(nas, "/usr/sbin/cron", "/usr/sbin/cron -f")
    job = scene.under(cron, "/opt/vaultkeep/bin/nightly", "nightly", "--incremental", user=BACKUP)
    target = scene.rng.choice(scene.company.of(Duty.DATABASE, Duty.WEB))
    return [process_event(job), network_event(job, target.ip, 873, sent_bytes=9_000_000)]


def _package_upgrade(scene: Scene) -> list[Document]:
    machine = scene.pick(Duty.WEB, Duty.DATABASE, Duty.CLUSTER, Duty.CI)
    timer = scene.service(machine, "/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd", user=ROOT)
    apt = scene.under(timer, "/usr/bin/apt-get", "apt-get", "-qq", "upgrade")
    dpkg = apt.child("/usr/bin/dpkg", "dpkg", "--unpack", after=4.0)
    return [*map(process_event, (apt, dpkg)), file_event(dpkg, "/usr/share/doc/libc6/changelog.gz")]


HABITS: Sequence[tuple[Habit, int]] = (
    (_ci_job, 14),
    (_web_request_work, 18),
    (_cron, 12),
    (_admin_session, 6),
    (_office_work, 22),
    (_developer_work, 10),
    (_sign_in, 12),
    (_failed_sign_in, 2),
    (_share, 8),
    (_traffic, 20),
    (_support, 2),
    (_secrets, 4),
    (_keys_by_configuration, 2),
    (_backup, 2),
    (_package_upgrade, 2),
)


def ordinary(company: Company, rng: random.Random, at: datetime) -> Sequence[Document]:
    """One piece of ordinary work that begins at `at`; one to six events."""
    habits, weights = zip(*HABITS, strict=True)
    habit: Habit = rng.choices(habits, weights)[0]
    return habit(Scene(company, rng, at))
