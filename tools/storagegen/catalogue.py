# SPDX-License-Identifier: Apache-2.0
"""Which storage types and options of rclone are offered. Spec: storage.md 3.1, 3.2"""

# The types in the order of their names, with all options that are known: kept, and dropped. An option that stands in
# neither list, and a type that stands nowhere here, must be looked at by somebody before a new rclone is used.
KEPT = {
    "azureblob": """
        account env_auth key sas_url tenant client_id client_secret client_send_certificate_chain username password
        disable_instance_discovery use_msi msi_object_id msi_client_id msi_mi_res_id use_emulator use_az endpoint
        upload_cutoff chunk_size upload_concurrency copy_cutoff copy_concurrency use_copy_blob list_chunk access_tier
        archive_tier_delete disable_checksum memory_pool_flush_time memory_pool_use_mmap encoding public_access
        directory_markers no_check_container no_head_object delete_snapshots description""",
    "doi": "doi provider doi_resolver_api_url description",
    "drive": """
        client_id client_secret token auth_url token_url client_credentials scope root_folder_id
        service_account_credentials team_drive auth_owner_only use_trash copy_shortcut_content skip_gdocs show_all_gdocs
        skip_checksum_gphotos shared_with_me trashed_only starred_only formats export_formats import_formats
        allow_import_name_change use_created_date use_shared_date list_chunk impersonate alternate_export upload_cutoff
        chunk_size acknowledge_abuse keep_revision_forever size_as_quota v2_download_min_size pacer_min_sleep pacer_burst
        server_side_across_configs disable_http2 stop_on_upload_limit stop_on_download_limit skip_shortcuts
        skip_dangling_shortcuts resource_key fast_list_bug_fix metadata_owner metadata_permissions metadata_labels
        encoding env_auth description""",
    "dropbox": """
        client_id client_secret token auth_url token_url client_credentials chunk_size impersonate shared_files
        shared_folders pacer_min_sleep encoding root_namespace export_formats skip_exports show_all_exports batch_mode
        batch_size batch_timeout batch_commit_timeout description""",
    "ftp": """
        host user port pass tls explicit_tls concurrency no_check_certificate disable_epsv disable_mlsd disable_utf8
        writing_mdtm force_list_hidden idle_timeout close_timeout tls_cache_size disable_tls13
        allow_insecure_tls_ciphers shut_timeout ask_password socks_proxy http_proxy no_check_upload encoding
        description""",
    "http": "url headers no_slash no_head no_escape description",
    "onedrive": """
        client_id client_secret token auth_url token_url client_credentials region upload_cutoff chunk_size drive_id
        drive_type root_folder_id access_scopes tenant disable_site_permission expose_onenote_files
        server_side_across_configs list_chunk no_versions hard_delete link_scope link_type link_password hash_type
        av_override delta metadata_permissions encoding description""",
    "protondrive": """
        username password mailbox_password 2fa client_uid client_access_token client_refresh_token
        client_salted_key_pass encoding original_file_size app_version replace_existing_draft enable_caching
        description""",
    "s3": """
        provider env_auth access_key_id secret_access_key region endpoint location_constraint acl bucket_acl
        requester_pays server_side_encryption sse_customer_algorithm sse_kms_key_id sse_customer_key
        sse_customer_key_base64 sse_customer_key_md5 storage_class upload_cutoff chunk_size max_upload_parts copy_cutoff
        disable_checksum session_token upload_concurrency force_path_style v2_auth use_dual_stack
        use_accelerate_endpoint use_arn_region leave_parts_on_error list_chunk list_version list_url_encode
        no_check_bucket no_head no_head_object encoding memory_pool_flush_time memory_pool_use_mmap disable_http2
        download_url directory_markers use_multipart_etag use_unsigned_payload use_presigned_request versions version_at
        version_deleted decompress might_gzip use_accept_encoding_gzip no_system_metadata sts_endpoint
        use_already_exists use_multipart_uploads use_x_id sign_accept_encoding directory_bucket sdk_log_mode ibm_api_key
        ibm_resource_instance_id description""",
    "sftp": """
        host user port pass key_pem pubkey key_use_agent use_insecure_cipher disable_hashcheck ask_password path_override
        set_modtime shell_type hashes skip_links subsystem server_command use_fstat disable_concurrent_reads
        disable_concurrent_writes idle_timeout chunk_size concurrency connections set_env ciphers key_exchange macs
        host_key_algorithms socks_proxy http_proxy copy_is_hardlink description""",
    "webdav": """
        url vendor user pass bearer_token encoding headers pacer_min_sleep nextcloud_chunk_size owncloud_exclude_shares
        owncloud_exclude_mounts unix_socket auth_redirect description""",
}
KEPT = {name: text.split() for name, text in KEPT.items()}

DROPPED = {
    "azureblob": ["client_certificate_path", "client_certificate_password", "service_principal_file"],
    "drive": ["service_account_file"],
    "s3": ["shared_credentials_file", "profile"],
    "sftp": [
        "key_file", "key_file_pass", "pubkey_file", "known_hosts_file", "md5sum_command", "sha1sum_command",
        "crc32sum_command", "sha256sum_command", "blake3sum_command", "xxh3sum_command", "xxh128sum_command", "ssh",
    ],
    "webdav": ["bearer_token_command"],
}  # fmt: skip

# What stands behind the types that rclone does not know. Spec: storage.md 1, 4.4
VIRTUAL = {"polybox": "webdav", "switchDrive": "webdav", "openbis": "sftp"}

BLOCKED = """
    alias azurefiles b2 box cache chunker cloudinary combine compress crypt fichier filefabric filelu filescom gcs gofile
    gphotos hasher hdfs hidrive iclouddrive imagekit internetarchive jottacloud koofr linkbox local mailru mega memory
    netstorage oos opendrive pcloud pikpak pixeldrain premiumizeme putio qingstor quatrix seafile sharefile sia smb storj
    sugarsync swift tardigrade ulozto union uptobox yandex zoho""".split()

ENTRY_KEYS = ("Name", "Description", "Prefix")
OPTION_KEYS = (
    "Name", "Help", "Provider", "Default", "Examples", "Required", "IsPassword", "Advanced", "Exclusive", "Sensitive",
    "DefaultStr", "Type",
)  # fmt: skip
EXAMPLE_KEYS = ("Value", "Help", "Provider")


class CatalogueError(Exception):
    """The base data are not those that were reviewed."""


def _only(node, keys):
    return {key: node[key] for key in keys if key in node}


def _reduced_option(prefix, option):
    if option["Name"] in DROPPED.get(prefix, ()):
        return _only(option, ("Name",))
    reduced = _only(option, OPTION_KEYS)
    if reduced.get("Examples") is not None:
        reduced["Examples"] = [_only(example, EXAMPLE_KEYS) for example in reduced["Examples"]]
    return reduced


def reduce(providers):
    """What this library needs of the output of `rclone config providers`."""
    reduced = []
    for entry in sorted(providers, key=lambda entry: entry["Name"]):
        kept = _only(entry, ENTRY_KEYS if entry["Prefix"] in KEPT else ("Name", "Prefix"))
        if entry["Prefix"] in KEPT:
            kept["Options"] = [_reduced_option(entry["Prefix"], option) for option in entry["Options"]]
        reduced.append(kept)
    return reduced


def _distinct(names):
    return list(dict.fromkeys(names))


def check(providers):
    """Refuses types and options that nobody has classified, and those that are missing."""
    prefixes = [entry["Prefix"] for entry in providers]
    if sorted(prefixes) != sorted([*KEPT, *BLOCKED]):
        odd = set(prefixes) ^ {*KEPT, *BLOCKED}
        raise CatalogueError(f"storage types that are not classified, or gone: {', '.join(sorted(odd))}")
    for entry in providers:
        if entry["Prefix"] not in KEPT:
            continue
        dropped = DROPPED.get(entry["Prefix"], [])
        names = _distinct(option["Name"] for option in entry["Options"])
        if [name for name in names if name not in dropped] != KEPT[entry["Prefix"]] or not set(dropped) <= set(names):
            odd = set(names) ^ {*KEPT[entry["Prefix"]], *dropped}
            raise CatalogueError(f"{entry['Prefix']}: options that are not classified, gone or moved: {', '.join(sorted(odd))}")


def allowed(providers):
    """The entries that are offered, with the options that are. Spec: storage.md 3.2"""
    check(providers)
    entries = []
    for entry in providers:
        if entry["Prefix"] in KEPT:
            dropped = DROPPED.get(entry["Prefix"], ())
            options = [dict(option) for option in entry["Options"] if option["Name"] not in dropped]
            entries.append({**entry, "Options": options})
    return entries
