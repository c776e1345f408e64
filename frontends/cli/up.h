/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RK_UP_H
#define RK_UP_H

#include <sys/types.h>

#include "frontends/cli/cli.h"

#define RK_UP_HOST "127.0.0.1"

/* `renku up`: a private deployment on this machine. Functions that return int return 0, or -1 after
 * telling why. */

typedef enum {
    RK_CHILD_DATABASE,
    RK_CHILD_IDENTITY,
    RK_CHILD_SERVER,
    RK_CHILD_TASKS,
    RK_CHILD_COUNT_,
} rk_child_name;

typedef struct {
    const char *name;  /* of its log */
    const char *title; /* for messages */
    int stop_signal;
    int grace_s; /* how long it may take to end */
    pid_t pid;   /* 0: not running */
} rk_child;

typedef struct {
    rk_cli *cli;
    const char *folder;
    bool is_default;          /* nobody has named the folder */
    const char *sockets;      /* folder of the database's socket */
    const char *postgres;     /* folder of the programs of PostgreSQL */
    const char *url;          /* of the server; NULL until it listens */
    const char *identity_url; /* NULL until it listens */
    const char *control;      /* where the task runner listens; NULL until it does */
    int lock;
    int signal;   /* that asked for the end; 0: none */
    bool is_root; /* then the database runs as another user: */
    uid_t database_user;
    gid_t database_group;
    rk_child children[RK_CHILD_COUNT_];
} rk_up;

/* place.c: the folder and the small files in it */
const char *rk_up_path(rk_up *up, const char *name);
int rk_up_open_folder(rk_up *up);
/* Takes the lock that says "running"; fails when another process has it. */
int rk_up_take_lock(rk_up *up);
/* Shows the own process and URL to whoever finds the lock taken. */
int rk_up_sign_lock(rk_up *up);
int rk_up_make_keys(rk_up *up);
/* The content of a key file; NULL after telling why. */
const char *rk_up_key(rk_up *up, const char *name);
/* Writes DIR/env with what is known so far. */
int rk_up_write_env(rk_up *up);

/* child.c: processes */
typedef struct {
    char *const *arguments;
    char *const *environment;
    const char *log;       /* file to which both outputs are appended */
    int input;             /* standard input; -1 is empty */
    int keep;              /* descriptor that the program inherits; -1 is none */
    bool is_database_user; /* whether it runs as the user of the database */
} rk_start;

/* Starts a program that ends when this process ends; negative after telling why. */
pid_t rk_up_spawn(rk_up *up, const rk_start *start);
/* Runs a program to its end; fails when its exit status is not 0. */
int rk_up_run(rk_up *up, const rk_start *start);
/* Starts a child and records it, so that the next `renku up` finds it should this one be killed. */
int rk_up_start_child(rk_up *up, rk_child_name name, const rk_start *start);
/* Sleeps a moment; fails when a signal asks for the end, or when @p child has ended. */
int rk_up_wait_moment(rk_up *up, const rk_child *child);
/* Sleeps until a child ends or a signal asks for the end. */
const rk_child *rk_up_wait(rk_up *up);
/* Stops all children, the last started first. */
void rk_up_stop_children(rk_up *up);
/* The last lines of a log, for a failure. */
void rk_up_show_log(rk_up *up, const char *path);

/* orphan.c: what an earlier `renku up` that was killed has left behind */
int rk_up_record(rk_up *up, const rk_child *child);
void rk_up_forget(rk_up *up, const rk_child *child);
int rk_up_stop_orphans(rk_up *up);

/* cluster.c: PostgreSQL */
int rk_up_find_postgres(rk_up *up);
int rk_up_make_cluster(rk_up *up);
int rk_up_start_cluster(rk_up *up);
/* Removes the socket, and its folder when that lies outside of DIR. */
void rk_up_drop_sockets(rk_up *up);

/* services.c: the processes of ours */
int rk_up_migrate(rk_up *up);
int rk_up_start_identity(rk_up *up);
int rk_up_start_server(rk_up *up);
int rk_up_start_tasks(rk_up *up);

#endif
