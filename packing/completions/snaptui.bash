# What bash offers for snaptui; the domains are those of the host that -c names.
_snaptui() {
    local current=${COMP_WORDS[COMP_CWORD]} words uri= word before= names name
    # a URI has colons, at which bash has cut its words
    read -ra words <<< "${COMP_LINE:0:COMP_POINT}"
    for word in "${words[@]}"; do
        case $before in -c | --connect) uri=$word ;; esac
        before=$word
    done
    [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] || before=${words[-2]}
    COMPREPLY=()
    case $before in
    -c | --connect | --warn | --crit | --timeout) return ;;
    --config | --prometheus)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames
        return
        ;;
    esac
    if [[ $current == -* ]]; then
        case ${words[1]} in
        report) names="--help --json --connect --all-hosts --config --timeout" ;;
        check) names="--help --connect --all-hosts --config --warn --crit --timeout --prometheus" ;;
        *) names="--help --connect --demo --read-only --ascii --no-mouse --config --version" ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current")
        return
    fi
    if [[ $COMP_CWORD == 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "report check" -- "$current")
    fi
    while IFS= read -r name; do
        if [[ -n $name && $name == "$current"* ]]; then
            COMPREPLY+=("$(printf %q "$name")")
        fi
    done < <(virsh -q -r ${uri:+-c "$uri"} list --all --name 2>/dev/null </dev/null)
    if [[ ${words[1]} != check ]]; then
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current")
    fi
}
complete -F _snaptui snaptui
