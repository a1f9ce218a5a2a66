# What fish offers for snaptui; the domains are those of the host that -c names.
function __snaptui_domains
    set -l words (commandline -opc)
    set -l from
    for i in (seq 2 (count $words))
        if contains -- $words[(math $i - 1)] -c --connect
            set from -c $words[$i]
        end
    end
    virsh -q -r $from list --all --name 2>/dev/null </dev/null | string match -rv '^$'
end

set -l report '__fish_seen_subcommand_from report'
set -l check '__fish_seen_subcommand_from check'
set -l either '__fish_seen_subcommand_from report check'
set -l neither "not $either"

complete -c snaptui -s h -l help -d 'Show the help' -f
complete -c snaptui -s c -l connect -d 'A libvirt host' -x
complete -c snaptui -l config -d 'Read this configuration file' -r -F
complete -c snaptui -n "not $check" -a '(__snaptui_domains)'
complete -c snaptui -n "$check" -f -a '(__snaptui_domains)'
complete -c snaptui -n __fish_use_subcommand -a report -d 'What snapshots cost'
complete -c snaptui -n __fish_use_subcommand -a check -d 'Their state, for monitoring'
complete -c snaptui -n "$neither" -l demo -d 'A private host' -f
complete -c snaptui -n "$neither" -l read-only -d 'Look only' -f
complete -c snaptui -n "$neither" -l ascii -d 'Draw with ASCII' -f
complete -c snaptui -n "$neither" -l no-mouse -d 'Leave the mouse alone' -f
complete -c snaptui -n "$neither" -l version -d 'Show the version' -f
complete -c snaptui -n "$report" -l json -d 'As JSON' -f
complete -c snaptui -n "$either" -l all-hosts -d 'All hosts of the configuration' -f
complete -c snaptui -n "$check" -l warn -d 'Limits' -x
complete -c snaptui -n "$check" -l crit -d 'Limits' -x
complete -c snaptui -n "$either" -l timeout -d 'Seconds' -x
complete -c snaptui -n "$check" -l prometheus -d 'Write metrics there' -r -F
