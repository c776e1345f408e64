/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "frontends/cli/cli.h"

/* The scripts know nothing about the commands: they ask `renku complete`, and so never age. */

static const char bash[] =
    "# Completion of renku for bash: eval \"$(renku completion bash)\"\n"
    "_renku() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words current word rest head\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    current=${words[${#words[@]}-1]}\n"
    "    # bash takes what stands behind = and : as a word of its own\n"
    "    head=${current%\"${current##*[=:]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word rest; do\n"
    "        case $word in\n"
    "        :files) compopt -o default ;;\n"
    "        :folders) compopt -o dirnames ;;\n"
    "        *[=:]) compopt -o nospace && COMPREPLY+=(\"${word#\"$head\"}\") ;;\n"
    "        *) COMPREPLY+=(\"${word#\"$head\"}\") ;;\n"
    "        esac\n"
    "    done < <(\"$1\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _renku renku\n";

static const char zsh[] =
    "#compdef renku\n"
    "# Completion of renku for zsh: eval \"$(renku completion zsh)\", or this as _renku in $fpath\n"
    "_renku() {\n"
    "    local -a done open\n"
    "    local line word\n"
    "    while IFS= read -r line; do\n"
    "        word=${line%%$'\\t'*}\n"
    "        case $word in\n"
    "        :files) _files; return ;;\n"
    "        :folders) _files -/; return ;;\n"
    "        *[=:]) open+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "        *) done+=(\"${word//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "        esac\n"
    "    done < <(\"${words[1]}\" complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    _describe -t words renku done -- open -S ''\n"
    "}\n"
    "if [[ ${funcstack[1]} == _renku ]]; then\n"
    "    _renku \"$@\"\n"
    "else\n"
    "    compdef _renku renku\n"
    "fi\n";

static const char fish[] =
    "# Completion of renku for fish: renku completion fish | source\n"
    "function __renku_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l program $words[1]\n"
    "    set -e words[1]\n"
    "    set -l current (commandline -ct)\n"
    "    for line in ($program complete -- $words \"$current\" 2>/dev/null)\n"
    "        switch $line\n"
    "            case ':files*'\n"
    "                __fish_complete_path $current\n"
    "            case ':folders*'\n"
    "                __fish_complete_directories $current\n"
    "            case '*'\n"
    "                printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c renku -f -a '(__renku_complete)'\n";

static const struct {
    const char *shell, *script;
} scripts[] = {
    {"bash", bash},
    {"zsh",  zsh },
    {"fish", fish},
};

rk_exit rk_cli_completion(rk_cli *cli)
{
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        if (strcmp(scripts[i].shell, cli->arguments[0]) == 0)
            fputs(scripts[i].script, stdout);
    }
    return RK_EXIT_OK;
}
