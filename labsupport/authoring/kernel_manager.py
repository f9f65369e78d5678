"""Jupyter's own kernel manager, with kernels that come from a `KernelHost`.

Imported only when notebooks are run: it pulls in Jupyter's client.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from labsupport.authoring.kernels import KernelHost

__all__ = ["HostedKernelManager", "manager_class"]


class _OwnKernelSpecs(KernelSpecManager):
    """The one kernel there is: this interpreter, whatever kernels a person has registered elsewhere."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the specification of this interpreter's kernel."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name=kernel_name, language="python")


class _HostedProvisioner(LocalProvisioner):
    """Take the process from the host's template, or start it as usual where there is none."""

    host: KernelHost

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel, quiet on the terminal, and make the host answer for it."""
        environment = {**kwargs.pop("env"), **self.host.environment}
        folder = Path(kwargs.get("cwd") or Path.cwd())
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        kernel = self.host.fork(arguments, folder, environment)
        if kernel is None:
            with self.host.log.open("ab") as log:
                await super().launch_kernel(cmd, env=environment, stdout=log, stderr=log, **kwargs)
        else:
            # It has what the provisioner asks of a Popen.
            self.process, self.cwd = cast("subprocess.Popen[bytes]", kernel), folder
            self.pid = self.pgid = kernel.pid
        if self.process is not None:
            self.host.add(self.process)
        return self.connection_info


class HostedKernelManager(AsyncKernelManager):
    """A kernel manager whose kernels belong to `host`."""

    host: ClassVar[KernelHost]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(kernel_spec_manager=_OwnKernelSpecs(), **kwargs)
        name = self.host.new_name()
        self.connection_file = f"{name}.json"
        if self.host.uses_sockets:
            self.transport, self.ip = "ipc", str(name)
        self.provisioner = _HostedProvisioner(parent=self, kernel_id="", kernel_spec=self.kernel_spec)
        self.provisioner.host = self.host


def manager_class(host: KernelHost) -> type[HostedKernelManager]:
    """Return the class that nbclient makes its kernel managers from."""
    return type("KernelManagerOfThisRun", (HostedKernelManager,), {"host": host})
