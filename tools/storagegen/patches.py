# SPDX-License-Identifier: Apache-2.0
"""What is changed in the base data, in this order. Spec: storage.md 3.3 to 3.6"""

import copy

from catalogue import CatalogueError, allowed

SENSITIVE = [
    ("azureblob", "account", False),
    ("sftp", "host", False),
    ("ftp", "host", False),
    ("webdav", "user", False),
    ("webdav", "pass", True),
]
BESIDE_THESE = "!AWS,ArvanCloud,IBMCOS,IDrive,IONOS,"
SWITCH_ENDPOINTS = {
    "https://s3-zh.os.switch.ch": "Cloudian Hyperstore (ZH)",
    "https://os.zhdk.cloud.switch.ch": "Ceph Object Gateway (ZH)",
    "https://os.unil.cloud.switch.ch": "Ceph Object Gateway (LS)",
}
MODES = {
    "personal": "Connect to your personal storage space. This data connector cannot be used to share access to a folder.",
    "shared": "Connect a 'public' folder shared with others. A 'public' folder may or may not be protected with a password.",
}
CLOUDS = [
    {
        "Prefix": "polybox",
        "Name": "PolyBox",
        "Description": "Polybox",
        "url": "https://polybox.ethz.ch/remote.php/webdav/",
        "link": "https://polybox.ethz.ch/index.php/s/8NffJ3rFyHaVyyy",
    },
    {
        "Prefix": "switchDrive",
        "Name": "SwitchDrive",
        "Description": "SwitchDrive",
        "url": "https://drive.switch.ch/remote.php/webdav/",
        "link": "https://drive.switch.ch/index.php/s/OPSd72zrs5JG666",
    },
]


def entry_of(entries, prefix):
    return next(entry for entry in entries if entry["Prefix"] == prefix)


def options_of(entry, name):
    return [option for option in entry["Options"] if option["Name"] == name]


def option(name, help_text, **more):
    """A text that must be given, unless said otherwise."""
    return {
        "Name": name, "Help": help_text, "Provider": "", "Default": "", "DefaultStr": "", "Required": True,
        "IsPassword": False, "Sensitive": False, "Advanced": False, "Exclusive": False, "Type": "string", **more,
    }  # fmt: skip


def examples(texts):
    return [{"Value": value, "Help": help_text, "Provider": ""} for value, help_text in texts.items()]


def mark_sensitive(entries):
    for prefix, name, value in SENSITIVE:
        for found in options_of(entry_of(entries, prefix), name):
            found["Sensitive"] = value


def require_endpoint(entries):
    found = [o for o in options_of(entry_of(entries, "s3"), "endpoint") if o.get("Provider", "").startswith(BESIDE_THESE)]
    if not found:
        raise CatalogueError("s3: there is no endpoint for the other providers any more")
    for endpoint in found:
        endpoint["Required"] = True


def add_switch(entries):
    s3 = entry_of(entries, "s3")
    provider = options_of(s3, "provider")[0]
    provider["Examples"] = [*provider["Examples"], *examples({"Switch": "Switch Object Storage"})]
    others = next(o for o in options_of(s3, "endpoint") if o.get("Provider", "").startswith("!AWS,"))
    others["Provider"] += ",Switch"
    default = next(iter(SWITCH_ENDPOINTS))
    help_text = "Endpoint for Switch S3 API."
    s3["Options"].append(
        option("endpoint", help_text, Provider="Switch", Default=default, Exclusive=True, Examples=examples(SWITCH_ENDPOINTS))
    )


def add_cloud(entries, cloud):
    """A cloud at which folders are one's own or shared by a link: webdav underneath."""
    entry = copy.deepcopy(entry_of(entries, "webdav"))
    entry.update({key: cloud[key] for key in ("Prefix", "Name", "Description")})
    entry["Options"] = [o for o in entry["Options"] if o["Name"] not in ("vendor", "nextcloud_chunk_size")]
    for name in ("url", "bearer_token", "headers", "user"):
        options_of(entry, name)[0]["Provider"] = "personal"
    options_of(entry, "url")[0].update(Default=cloud["url"], Required=False)
    mode = "Choose the mode to access the data source."
    entry["Options"].append(option("provider", mode, Exclusive=True, Examples=examples(MODES)))
    entry["Options"].append(option("public_link", f"Shared folder link. E.g., {cloud['link']}", Provider="shared"))
    entries.append(entry)


def add_openbis(entries):
    host = 'openBIS host to connect to.\n\nE.g. "openbis-eln-lims.ethz.ch".'
    demo = {"openbis-eln-lims.ethz.ch": "Public openBIS demo instance"}
    options = [
        option("host", host, Examples=examples(demo)),
        option("session_token", "openBIS session token", IsPassword=True, Sensitive=True),
    ]
    entries.append({"Name": "openbis", "Description": "openBIS", "Prefix": "openbis", "Options": options})


def patched(providers):
    """The entries as they are offered, from the base data."""
    entries = copy.deepcopy(allowed(providers))
    mark_sensitive(entries)
    require_endpoint(entries)
    add_switch(entries)
    for cloud in CLOUDS:
        add_cloud(entries, cloud)
    add_openbis(entries)
    return entries
