# SPDX-License-Identifier: Apache-2.0
# What installs or packages bring beside the programs: units for systemd, users, folders.
systemdsystemunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_systemdsystemunit_DATA = %D%/systemd/renku-secrets.socket %D%/systemd/renku-server.socket
nodist_systemdsystemunit_DATA = %D%/systemd/renku-secrets.service %D%/systemd/renku-server.service %D%/systemd/renku-tasks.service
CLEANFILES += $(nodist_systemdsystemunit_DATA)
EXTRA_DIST += %D%/systemd/renku.service.in %D%/systemd/renku.sysusers %D%/systemd/renku.tmpfiles

# The services differ in what they serve, and in whom they run as: each reads its own keys alone.
make_unit = $(MKDIR_P) deploy/systemd && sed -e 's,[@]bindir[@],$(bindir),'

deploy/systemd/renku-server.service: %D%/systemd/renku.service.in Makefile
	$(AM_V_GEN)$(make_unit) -e 's,[@]name[@],renku-server,' -e 's,[@]title[@],Renku data API,' -e 's,[@]command[@],server,' \
		-e 's,[@]user[@],renku,g' $(srcdir)/%D%/systemd/renku.service.in >$@
deploy/systemd/renku-secrets.service: %D%/systemd/renku.service.in Makefile
	$(AM_V_GEN)$(make_unit) -e 's,[@]name[@],renku-secrets,' -e 's,[@]title[@],Renku secrets storage,' -e 's,[@]command[@],server --service secrets,' \
		-e 's,[@]user[@],renku-secrets,g' $(srcdir)/%D%/systemd/renku.service.in >$@

# The task runner binds its own port, and 8001 may be that of the secrets storage; it starts no rclone.
deploy/systemd/renku-tasks.service: %D%/systemd/renku.service.in Makefile
	$(AM_V_GEN)$(make_unit) -e '/[@]name[@][.]socket/d' -e '/rclone/d' -e '/pidfd_getfd/d' \
		-e 's,^SocketBindDeny=,SocketBindAllow=tcp\n&,' -e 's,^# The settings,Environment=TCP_PORT=8002\n&,' \
		-e 's,renku-server(1),renku-tasks(1),' -e 's,[@]title[@],Renku task runner,' -e 's,[@]command[@],tasks,' \
		-e 's,[@]user[@],renku,g' $(srcdir)/%D%/systemd/renku.service.in >$@

install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(sysusersdir) $(DESTDIR)$(tmpfilesdir)
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/renku.sysusers $(DESTDIR)$(sysusersdir)/renku.conf
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/renku.tmpfiles $(DESTDIR)$(tmpfilesdir)/renku.conf
uninstall-hook:
	rm -f $(DESTDIR)$(sysusersdir)/renku.conf $(DESTDIR)$(tmpfilesdir)/renku.conf
