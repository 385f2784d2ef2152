"""Value lists that exceptions ask for, when their values change: what is hidden from then on passes the true-positive
guard (`guarding`), and what is covered no longer is raised (`releasing`)."""

from alerts.listed.changing import watch
from alerts.listed.guarding import gate

__all__ = ["gate", "watch"]
