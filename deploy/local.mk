# SPDX-License-Identifier: Apache-2.0
# What installs or packages bring beside the programs: units for systemd, users, folders.
systemdsystemunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_systemdsystemunit_DATA = %D%/systemd/renku-server.socket
nodist_systemdsystemunit_DATA = %D%/systemd/renku-server.service
CLEANFILES += %D%/systemd/renku-server.service
EXTRA_DIST += %D%/systemd/renku-server.service.in %D%/systemd/renku.sysusers %D%/systemd/renku.tmpfiles

deploy/systemd/renku-server.service: %D%/systemd/renku-server.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) deploy/systemd
	$(AM_V_at)sed 's,[@]bindir[@],$(bindir),' $(srcdir)/%D%/systemd/renku-server.service.in >$@

install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(sysusersdir) $(DESTDIR)$(tmpfilesdir)
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/renku.sysusers $(DESTDIR)$(sysusersdir)/renku.conf
	$(INSTALL_DATA) $(srcdir)/%D%/systemd/renku.tmpfiles $(DESTDIR)$(tmpfilesdir)/renku.conf
uninstall-hook:
	rm -f $(DESTDIR)$(sysusersdir)/renku.conf $(DESTDIR)$(tmpfilesdir)/renku.conf
